/*
 * Time. Ticks may come at any moment and in any number, so every delay and every pause of a process is covered:
 * a stopped process is one that takes no step while the clock does.
 * Promise relied on: a verifier reads its clock at each check, so a lease is gone the moment its ticks are used up.
 */

inline growLease(v) {
  if
  :: m[v].leased && m[v].age < m[v].life ->
     if
     :: m[v].age++
#ifdef DRIFT
     :: !m[v].slow -> m[v].slow = 1
#endif
     fi;
#ifndef LEASE_ENDED_BY_TIMER
     if
     :: m[v].age >= m[v].life -> dropLease(v)
     :: else
     fi
#endif
  :: else
  fi
}

inline growRenewal(v) {
  if
  :: m[v].renewal != IDLE && m[v].asked < LONGEST_LIFE ->
     if
     :: m[v].asked++
#ifdef DRIFT
     :: !m[v].slowAsked -> m[v].slowAsked = 1
#endif
     fi;
#ifndef LEASE_FROM_REPLY
     /* A grant that arrives later could not be used: the verifier has given up and asks again. */
     if
     :: m[v].asked >= LONGEST_LIFE -> dropRenewal(v)
     :: else
     fi
#endif
  :: else
  fi
}

/* The gain of a fast clock is taken off beforehand: a second bit for it would only cost states. */
#ifdef DRIFT
#define EVICTION_WAIT (LONGEST_WAIT - 1)
#else
#define EVICTION_WAIT LONGEST_WAIT
#endif

inline growEviction(v) {
  if
  :: m[v].evicted && !due && m[v].sinceEvicted < EVICTION_WAIT -> m[v].sinceEvicted++
  :: else
  fi
}

/* By the rule the wait begins with S; `since` starts at its commit, the earliest moment that anybody can observe. */
#ifdef WAIT_FROM_PUBLISH_CALL
#define waiting (called && !due && since < wait)
#else
#define waiting (S != 0 && !due)
#endif

inline growWait() {
  if
  :: waiting ->
     since++;
#ifdef DRIFT
     if
     :: !fast -> fast = 1; since++
     :: skip
     fi;
#endif
     if
     :: S != 0 && since >= wait -> printf("W has passed\n"); becomeDue()
     :: else
     fi
  :: else
  fi
}

/* Only drift makes a tick ambiguous. */
#ifdef DRIFT
#define STEP atomic
#else
#define STEP d_step
#endif

proctype Clock() {
  do
  :: STEP {
       printf("tick\n");
       growLease(0); growRenewal(0); growEviction(0);
       growLease(1); growRenewal(1); growEviction(1);
#ifdef LIFE_CUT
       if
       :: cutAt != 0 && S == 0 && sinceCut < LONGEST_WAIT -> sinceCut++
       :: else
       fi;
#endif
       growWait()
     }
#ifdef WAIT_ON_WALL_CLOCK
  /* The replica's wall clock is stepped forward while it waits. */
  :: d_step { S != 0 && !due -> printf("wall clock stepped: W seems to have passed\n"); becomeDue() }
#endif
  od
}
