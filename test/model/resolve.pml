/*
 * ④ A cache miss: the verifier asks a replica (member 1) and caches the answer. Redis may come back older.
 * Promise: a check that began after `confirmed` is never answered ALLOW, and no ALLOW from before S stays cached.
 */

#define NONE     0
#define SENT     1
#define READING  2
#define ANSWERED 3

typedef Request {
  unsigned step : 2;
  /* `minSeq` on the way to the replica, `asOf` from there on. */
  unsigned position : 4;
  bit allow;
  /* The check that waits for the answer began when nothing might be admitted any more. */
  bit late;
  /* The cache was flushed after the request was sent. */
  bit flushed
};
Request request;

/* Redis knows of S. The replica, having seen that, has dropped S from its overlay. */
bit projected;
bit forgotten;

/* A login at the replica: its birth has been taken, and was at or after S. */
bit loggingIn;
bit bornAfter;

/* The verifier's ring of recent entries holds S: it was applied in its turn, after the last flush. */
bit ringHoldsS;

#ifdef SPARED_BY_LATER_ENTRY
byte sparedAt;
#endif

inline forgetRequest() {
  request.step = NONE; request.position = 0; request.allow = 0; request.late = 0; request.flushed = 0
}

inline noticeFlush() {
  ringHoldsS = 0;
  if
  :: request.step != NONE -> request.flushed = 1
  :: else
  fi
}

inline ask(v) {
  request.step = SENT; request.position = m[v].applied; request.late = due
}

/*
 * Whether the answer may be kept. The ring holds every entry since the last flush, and `asOf` is not below `minSeq`:
 * once a flush is noticed, the ring reaches back to `asOf`. That check is the second of two guards and is left out.
 */
#if defined(RING_IGNORED)
#define mayKeep(v) (!request.flushed)
#elif defined(RING_TOO_SHORT)
#define mayKeep(v) (!request.flushed && !(ringHoldsS && request.position < S && S == m[v].applied))
#elif defined(FLUSH_UNNOTICED)
#define mayKeep(v) (!(ringHoldsS && request.position < S))
#else
#define mayKeep(v) (!request.flushed && !(ringHoldsS && request.position < S))
#endif

inline useAnswer(v) {
  assert(!(request.allow && request.late));
  if
  :: request.allow && mayKeep(v) -> m[v].cached = 1
  :: else
  fi;
  forgetRequest()
}

#ifdef REPLICA_NEEDS_NO_LEASE
#define mayResolve true
#else
#define mayResolve holdsLease(1)
#endif
#ifdef MIN_SEQ_IGNORED
#define reachesMinSeq true
#else
#define reachesMinSeq (m[1].applied >= request.position)
#endif

/* The position that Redis returns with the data shows whether it still holds what the overlay has dropped. */
#ifdef REDIS_POSITION_IGNORED
#define redisReachesOverlay true
#else
#define redisReachesOverlay (projected || !forgotten)
#endif

#define knowsS (projected || (S != 0 && m[1].applied >= S && !forgotten))
#ifdef SPARED_BY_LATER_ENTRY
#define verdict (!knowsS || (sparedAt != 0 && m[1].applied >= sparedAt))
#else
#define verdict (!knowsS)
#endif

/* A DENY changes nothing that is modelled here. */
inline answer() {
  if
  :: verdict -> request.allow = 1; request.step = ANSWERED; printf("replica answers ALLOW\n")
  :: else -> forgetRequest()
  fi
}

#ifdef BIRTH_NEEDS_NO_LEASE
#define mayTakeBirth true
#else
#define mayTakeBirth holdsLease(1)
#endif

proctype ResolvingReplica() {
#ifdef LOGIN
  bit oldCredentials;
#endif
  do
  /* It fetches what it missed, so it applies every entry in order, sooner or later. */
  :: d_step { m[1].applied < last ->
       m[1].applied++; printf("replica applies %d\n", m[1].applied);
       if
       :: m[1].applied >= m[1].barrier -> m[1].barrier = 0
       :: else
       fi
     }
  :: d_step { m[1].renewal == IDLE -> m[1].renewal = ASKED; printf("replica asks for a lease\n") }
  :: d_step { m[1].renewal == GRANTED ->
       printf("replica has the grant with barrier %d\n", m[1].granted);
       takeGrant(1); dropRenewal(1)
     }
#ifdef AS_OF_AFTER_DATA
  :: d_step { request.step == SENT && mayResolve && reachesMinSeq && redisReachesOverlay ->
       request.allow = verdict; request.step = READING
     }
  :: d_step { request.step == READING ->
       request.position = m[1].applied; request.step = ANSWERED;
       printf("replica takes asOf %d after the data\n", request.position)
     }
#else
  :: d_step { request.step == SENT && mayResolve && reachesMinSeq ->
       request.position = m[1].applied; request.step = READING;
       printf("replica takes asOf %d\n", request.position)
     }
  :: d_step { request.step == READING && redisReachesOverlay -> answer() }
#endif
#ifdef SPARED_BY_LATER_ENTRY
  :: d_step { S != 0 && sparedAt == 0 && room ->
       last++; sparedAt = last; printf("%d: revoked, except this session\n", last)
     }
#endif
#ifdef LOGIN
  /* A login takes its birth, then reads credentials. Begun when due it wins; with older credentials it loses. */
#ifdef BIRTH_AFTER_CREDENTIALS
  :: d_step { !loggingIn ->
       loggingIn = 1; oldCredentials = (S == 0); printf("a login reads credentials\n")
     }
  :: d_step { loggingIn && mayTakeBirth ->
       assert(!(oldCredentials && S != 0 && m[1].applied >= S));
       loggingIn = 0; oldCredentials = 0
     }
#else
  :: d_step { !loggingIn && mayTakeBirth ->
       loggingIn = 1; bornAfter = (S != 0 && m[1].applied >= S);
       printf("a login takes the birth %d\n", m[1].applied);
       assert(!due || bornAfter)
     }
  :: d_step { loggingIn -> assert(!(S == 0 && bornAfter)); loggingIn = 0; bornAfter = 0 }
#endif
#endif
  od
}

proctype Redis() {
  do
  :: d_step { S != 0 && !projected && m[1].applied >= S ->
       projected = 1; forgotten = 1; printf("Redis has the revocation, the overlay drops it\n")
     }
  :: d_step { projected -> projected = 0; printf("Redis fails over to an older copy\n") }
  od
}
