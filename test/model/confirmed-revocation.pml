/*
 * ⑤ The revocation protocol: one log, members with leases, one revocation, its confirmation.
 * Promise: no request is admitted whose check begins after `confirmed`, and none after PubAck + W even unconfirmed,
 * whatever is delayed, lost, repeated, reordered, paused, evicted, restarted, or slow of clock.
 *
 * One search of everything at once is too large for a test, so -D chooses a world and each world is searched in full,
 * up to a log of LAST_POSITION entries:
 *   (none)     two verifiers, one of which joins late; both may miss entries, pause, leave, be evicted, restart
 *   DRIFT      one such verifier; its clock runs slow and the replica's runs fast, to the edge of rho
 *   LIFE_CUT   one such verifier; a `config` entry shortens L
 *   RESOLVE    one verifier that fills its cache, the replica that answers it, Redis that fails over
 *   LOGIN      one replica that takes the birth of sessions
 *   LOST_TAIL  one verifier; the log loses acknowledged entries unseen by the confirming replica
 * Every other -D breaks one rule (a mutant) and must be caught. variants.ts lists worlds, sizes and mutants.
 */

#if defined(RESOLVE) || defined(LOGIN)
#define WITH_REPLICA
#else
#ifndef LOST_TAIL
#define COMINGS_AND_GOINGS
#endif
#if !defined(LOST_TAIL) && !defined(DRIFT) && !defined(LIFE_CUT)
#define TWO_VERIFIERS
#endif
#endif

#ifdef TWO_VERIFIERS
#define LATECOMER 1
#else
#define LATECOMER 0
#endif

#define IDLE    0
#define ASKED   1
#define GRANTED 2

/* A tick is the unit of all clocks. Without drift a lease lasts as long as W: no slack hides a fault. */
#ifdef DRIFT
/* L = 10, rho = 0.1: a slow clock loses one tick in L(1 - rho) = 9, a fast one gains one in L(1 + rho) = 11. */
#define TRUE_LIFE 9
#define TRUE_WAIT 11
#else
#define TRUE_LIFE 2
#define TRUE_WAIT 2
#endif

#ifdef LEASE_IGNORES_RHO
#define LIFE (TRUE_LIFE + 1)
#else
#define LIFE TRUE_LIFE
#endif
#if defined(WAIT_TOO_SHORT) || defined(WAIT_IGNORES_RHO)
#define WAIT (TRUE_WAIT - 1)
#else
#define WAIT TRUE_WAIT
#endif
/* LIFE_CUT: before its `config` entry L was one tick longer. */
#ifdef LIFE_CUT
#define LONGEST_LIFE (LIFE + 1)
#define LONGEST_WAIT (WAIT + 1)
#else
#define LONGEST_LIFE LIFE
#define LONGEST_WAIT WAIT
#endif

typedef Member {
  /* What the log says of this incarnation, and whether the confirmation waits for it. */
  bit joined; bit left; bit evicted; bit awaited;
  bit leaving;
  /* The cache answers ALLOW for the revoked session. */
  bit cached;
  /* The position it has applied; 0 before the first entry arrives. */
  unsigned applied : 4;
  /* The lease: ticks since sentAt, ticks it may reach, barrier (0 once applied), clock has lost its tick. */
  bit leased; unsigned age : 4; unsigned life : 4; unsigned barrier : 4; bit slow;
  /* The renewal in flight: ticks since sentAt, barrier of the grant. */
  unsigned renewal : 2; unsigned asked : 4; unsigned granted : 4; bit slowAsked;
  /* Ticks since the confirming replica saw its `evicted` entry. */
  unsigned sinceEvicted : 4;
#ifdef ACK_BEFORE_EFFECT
  bit owesEffect;
#endif
#ifdef LOST_TAIL
  /* It has applied entries that the log no longer holds. */
  bit strayed;
#endif
};
Member m[2];

/* Of the entries only S, `config` and the members' own mean anything here, so the log is kept as its length. */
byte last;
/* The position of the revocation; 0 before it is published. */
byte S;
/* Ticks of the replica since S was committed. PubAck and delivery come later: what holds now holds for them. */
byte since;
/* W, and whether the replica's clock has gained its tick. */
byte wait;
bit fast;
/* `confirmed` has been answered, or W has passed since PubAck: from here on nothing may be admitted. */
bit due;
#ifdef LIFE_CUT
/* The position of the `config` entry, and the replica's ticks since. */
byte cutAt;
byte sinceCut;
#endif
#ifdef LOST_TAIL
bit tailLost;
#endif
#ifdef WAIT_FROM_PUBLISH_CALL
bit called;
#endif
#ifdef BARRIER_SHARED_BACKWARDS
byte lastBarrier;
#endif

#define room        (last < LAST_POSITION)
#define isMember(v) (m[v].joined && !m[v].left && !m[v].evicted)

/* What only led here is forgotten, so that the search does not tell the ways apart. */
inline becomeDue() {
  due = 1; since = 0; wait = 0; fast = 0;
  m[0].awaited = 0; m[0].sinceEvicted = 0;
  m[1].awaited = 0; m[1].sinceEvicted = 0
}

#include "lease.pml"
#include "clock.pml"
#include "replica.pml"
#ifdef WITH_REPLICA
#include "resolve.pml"
#endif
#include "verifier.pml"

init {
  atomic {
    last = 1;
#ifdef WITH_REPLICA
    m[1].joined = 1; m[1].applied = 1;
    run ResolvingReplica();
#endif
#ifdef RESOLVE
    if
    :: m[0].joined = 1
    :: skip
    fi;
    run Verifier(0);
    run Redis();
#endif
#ifndef WITH_REPLICA
    m[0].joined = 1; m[0].applied = 1; m[0].cached = 1;
    run Verifier(0);
#endif
#ifdef TWO_VERIFIERS
    run Verifier(1);
#endif
    run Leases();
    run Revoker();
    run Clock()
  }
}
