/* How many threads a parallel loop gets: as many as asked for, and one in a child of fork.
 *
 * The threads of OpenMP stay behind in the parent, and a team of more than one would wait for them for ever. It is decided
 * here, and not where a number of threads is chosen, because fitted models and bound terms keep such a number.
 * pthread_atfork and not os.register_at_fork, which does not see a fork by C.
 */
#ifndef SKARTM_TEAM_H
#define SKARTM_TEAM_H

static int skartm_in_child = 0;

#if defined(_WIN32)
static void skartm_watch_forks(void) {}
#else
#include <pthread.h>
static void skartm_mark_child(void) { skartm_in_child = 1; }
static void skartm_watch_forks(void) { pthread_atfork(NULL, NULL, skartm_mark_child); }
#endif

static inline int skartm_team(int n_threads) { return skartm_in_child ? 1 : n_threads; }

#endif
