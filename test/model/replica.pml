/*
 * ④ Replicas: they publish into the log, grant leases and confirm. Any replica may take any of these steps.
 * Promise: a grant names a barrier committed after the request arrived, and only to members; the confirmation waits
 * for every incarnation that may hold a lease from before S.
 */

/* Whether the replica, its own view standing at the barrier, takes the sender for a member. */
#if defined(STRANGERS_GRANTED) || defined(MEMBER_CHECKED_AT_REPLY)
#define mayRenew(v) true
#elif defined(EVICTED_GRANTED)
#define mayRenew(v) (m[v].joined && !m[v].left)
#else
#define mayRenew(v) isMember(v)
#endif

inline grant(v, position) {
  if
  :: mayRenew(v) -> m[v].renewal = GRANTED; m[v].granted = position
  :: else -> dropRenewal(v)
  fi
}

/* One barrier serves the requests that had arrived; `other` may have arrived in time or not. */
inline publishBarrier(v, other) {
  last++;
  printf("%d: barrier\n", last);
#ifdef BARRIER_SHARED_BACKWARDS
  lastBarrier = last;
#endif
  grant(v, last);
  if
  :: m[other].renewal == ASKED -> grant(other, last)
  :: skip
  fi
}

inline evict(v) {
  last++; m[v].evicted = 1;
  printf("%d: evicted of member %d\n", last, v)
}

proctype Leases() {
  byte n;
  do
  :: atomic { m[0].renewal == ASKED && room -> publishBarrier(0, 1) }
  :: atomic { m[1].renewal == ASKED && room -> publishBarrier(1, 0) }
#ifdef COMINGS_AND_GOINGS
  /* Three missed renewals may be the network's fault: the evicted may be alive and hold a lease. */
  :: d_step { isMember(0) && room -> evict(0) }
  :: d_step { isMember(1) && room -> evict(1) }
#endif
#ifdef LIFE_CUT
  :: d_step { cutAt == 0 && room -> last++; cutAt = last; printf("%d: config with a shorter L\n", last) }
#endif
#ifdef BARRIER_SHARED_BACKWARDS
  :: d_step { m[0].renewal == ASKED && lastBarrier != 0 -> grant(0, lastBarrier) }
  :: d_step { m[1].renewal == ASKED && lastBarrier != 0 -> grant(1, lastBarrier) }
#endif
#ifdef BARRIER_FROM_A_READ
  /* The last position as a stale leader knows it. */
  :: atomic { m[0].renewal == ASKED -> select(n : 1 .. last); grant(0, n); n = 0 }
#endif
#ifdef LOST_TAIL
  /* The log comes back shorter. The members survive; the replicas at work now had not seen the lost entries. */
  :: atomic { S == 0 && last > 1 && !tailLost ->
       tailLost = 1; last--;
       do
       :: last > 1 -> last--
       :: break
       od;
       printf("the log now ends at %d\n", last);
       if
       :: m[0].applied > last -> m[0].strayed = 1
       :: else
       fi
     }
#endif
  od
}

#ifdef EVICTION_AT_ONCE
#define isGone(v) (m[v].left || m[v].evicted)
#else
#define isGone(v) (m[v].left || (m[v].evicted && m[v].sinceEvicted >= EVICTION_WAIT))
#endif

#ifdef ID_SHARED
/* Two processes under one id: the log knows one member, and either speaks for both. */
#define acknowledged(v) (m[0].applied >= S || m[1].applied >= S)
#elif defined(ACKS_CARRY_HASH)
#define acknowledged(v) (m[v].applied >= S && !m[v].strayed)
#else
#define acknowledged(v) (m[v].applied >= S)
#endif

#define settled(v) (!m[v].awaited || isGone(v) || acknowledged(v))

inline awaitMembers() {
  m[0].awaited = (m[0].joined && !isGone(0));
#ifndef REPLICA_NOT_AWAITED
  m[1].awaited = (m[1].joined && !isGone(1));
#endif
}

inline chooseWait() {
  wait = WAIT;
#ifdef LIFE_CUT
#ifndef WAIT_BY_LATEST_LIFE
  /* The largest L in force within the last W, for leases granted under it are still alive. */
  if
  :: cutAt == 0 || sinceCut < LONGEST_WAIT -> wait = LONGEST_WAIT
  :: else
  fi
#else
  if
  :: cutAt == 0 -> wait = LONGEST_WAIT
  :: else
  fi
#endif
#endif
}

proctype Revoker() {
#ifdef WAIT_FROM_PUBLISH_CALL
  d_step { called = 1; printf("the replica calls publish\n"); chooseWait() };
#endif
#ifdef MEMBERS_READ_BEFORE_PUBLISH
  d_step { awaitMembers(); printf("the replica reads the members\n") };
  d_step { room -> last++; S = last; printf("%d: revoked\n", S); chooseWait() };
#else
  d_step { room -> last++; S = last; printf("%d: revoked\n", S); chooseWait(); awaitMembers() };
#endif
#ifdef WAIT_FROM_PUBLISH_CALL
  if
  :: since >= wait -> becomeDue()
  :: else
  fi;
#endif
#ifdef WITNESS_ACKNOWLEDGED
  d_step { !due && m[0].awaited && m[1].awaited && m[0].applied >= S && m[1].applied >= S -> assert(false) };
#endif
  d_step { !due && settled(0) && settled(1) -> printf("confirmed\n"); becomeDue() }
}
