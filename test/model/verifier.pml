/*
 * ② A verifier: follows the feed, renews its lease, checks. Each step is one synchronous stretch of its event loop.
 * Promise: it admits from its cache only under a lease whose ticks are left and whose barrier it has applied.
 */

/* Without RESOLVE the cache is filled at once, with the worst that any replica could have answered. */
#ifdef RESOLVE
#define refilledAt(position) 0
#else
#define refilledAt(position) (S == 0 || position < S)
#endif

inline doubt(v, position) {
  m[v].applied = position;
#ifndef GAP_IGNORED
  dropLease(v);
#ifndef DOUBT_KEEPS_CACHE
  m[v].cached = refilledAt(position);
#endif
#ifdef RESOLVE
  noticeFlush()
#endif
#endif
}

inline applyNext(v, position) {
  m[v].applied = position;
  if
  :: position == S ->
#ifdef RESOLVE
     ringHoldsS = 1;
#endif
#ifdef ACK_BEFORE_EFFECT
     m[v].owesEffect = 1
#else
     m[v].cached = 0
#endif
  :: else
  fi
}

/* The feed delivers any entry, any number of times, in any order, or never. Lower ones are ignored, so not offered. */
inline receive(v, position) {
  if
  :: position == m[v].applied + 1 && m[v].applied != 0 -> applyNext(v, position)
#ifdef FIRST_ENTRY_TRUSTED
  :: m[v].applied == 0 -> m[v].applied = position
  :: position > m[v].applied + 1 && m[v].applied != 0 -> doubt(v, position)
#else
  :: else -> doubt(v, position)
#endif
  fi;
  if
  :: m[v].applied >= m[v].barrier -> m[v].barrier = 0
  :: else
  fi
}

/* A fresh incarnation: another id, an empty cache, no lease. The confirmation forgets the old one: it holds nothing. */
inline restart(v) {
  dropLease(v); dropRenewal(v);
  m[v].joined = 0; m[v].left = 0; m[v].evicted = 0; m[v].awaited = 0; m[v].leaving = 0;
  m[v].cached = 0; m[v].applied = 0; m[v].sinceEvicted = 0;
#ifdef ACK_BEFORE_EFFECT
  m[v].owesEffect = 0;
#endif
#ifdef RESOLVE
  forgetRequest()
#endif
}

inline stop(v) {
  m[v].leaving = 1;
#ifndef LEAVES_BEFORE_DROPPING
  dropLease(v);
#endif
#ifndef LEAVER_TAKES_LATE_GRANT
  dropRenewal(v)
#endif
}

proctype Verifier(byte v) {
  byte n;
  do
  :: d_step { !m[v].joined && room ->
       last++; m[v].joined = 1; printf("%d: joined of verifier %d\n", last, v)
     }
  :: atomic { m[v].applied < last ->
       n = m[v].applied + 1;
       do
       :: n < last -> n++
       :: break
       od;
       printf("verifier %d receives %d\n", v, n);
       receive(v, n); n = 0
     }
  :: d_step { m[v].renewal == IDLE && !m[v].leaving ->
       m[v].renewal = ASKED; printf("verifier %d asks for a lease\n", v)
     }
  :: d_step { m[v].renewal == GRANTED ->
       printf("verifier %d receives the grant with barrier %d\n", v, m[v].granted);
#ifdef MEMBER_CHECKED_AT_REPLY
       if
       :: isMember(v) -> takeGrant(v)
       :: else
       fi;
#elif defined(GRANTS_CARRY_HASH)
       if
       :: m[v].strayed -> doubt(v, 0); m[v].strayed = 0
       :: else -> takeGrant(v)
       fi;
#else
       takeGrant(v);
#endif
       dropRenewal(v)
     }
  :: d_step { m[v].cached && holdsLease(v) ->
       printf("verifier %d admits from its cache\n", v);
       assert(!due)
     }
#ifdef WITNESS_ADMISSION
  :: d_step { m[v].cached && holdsLease(v) -> assert(v != LATECOMER) }
#endif
#ifdef COMINGS_AND_GOINGS
  :: d_step { isMember(v) && !m[v].leaving -> stop(v); printf("verifier %d stops\n", v) }
  :: d_step { m[v].leaving && isMember(v) && room ->
       last++; m[v].left = 1; printf("%d: left of verifier %d\n", last, v)
     }
  :: d_step { m[v].joined -> restart(v); printf("verifier %d starts afresh\n", v) }
#endif
#ifdef ACK_BEFORE_EFFECT
  :: d_step { m[v].owesEffect ->
       m[v].owesEffect = 0; m[v].cached = 0; printf("verifier %d evicts\n", v)
     }
#endif
#ifdef LEASE_ENDED_BY_TIMER
  :: d_step { m[v].leased && m[v].age >= m[v].life -> dropLease(v) }
#endif
#ifdef RESOLVE
  :: d_step { request.step == NONE -> ask(v); printf("verifier %d asks the replica, minSeq %d\n", v, request.position) }
  :: d_step { request.step == ANSWERED ->
       printf("verifier %d admits by the answer as of %d\n", v, request.position); useAnswer(v)
     }
#ifdef JOINS_REQUEST_IN_FLIGHT
  :: d_step { request.step != NONE ->
       request.late = due; printf("verifier %d: another check joins the request\n", v)
     }
#endif
#endif
  od
}
