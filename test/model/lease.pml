/*
 * The lease that every member holds, verifier or replica.
 * Promise: it counts from the moment its request was sent, and opens only when its barrier has been applied.
 */

#ifdef BARRIER_NOT_AWAITED
#define holdsLease(v) (m[v].leased)
#else
#define holdsLease(v) (m[v].leased && m[v].applied >= m[v].barrier)
#endif

inline dropLease(v) {
  m[v].leased = 0; m[v].age = 0; m[v].life = 0; m[v].barrier = 0; m[v].slow = 0
}

inline dropRenewal(v) {
  m[v].renewal = IDLE; m[v].asked = 0; m[v].granted = 0; m[v].slowAsked = 0
}

#ifdef LIFE_CUT
#define lifeAt(position) (cutAt != 0 && cutAt < position -> LIFE : LONGEST_LIFE)
#else
#define lifeAt(position) LIFE
#endif

inline takeGrant(v) {
  m[v].leased = 1;
  m[v].life = lifeAt(m[v].granted);
#ifdef LEASE_FROM_REPLY
  m[v].age = 0;
#else
  m[v].age = m[v].asked;
#endif
  m[v].slow = m[v].slowAsked;
  m[v].barrier = (m[v].granted <= m[v].applied -> 0 : m[v].granted);
  /* The L of the grant may be shorter than the L for which the request was kept. */
  if
  :: m[v].age >= m[v].life -> dropLease(v)
  :: else
  fi
}
