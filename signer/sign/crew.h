/*
 * Many files at once, with a bar that tells how far it is.
 * Used by main.c and evidence.c.
 */
#ifndef ANTIN_SIGN_CREW_H
#define ANTIN_SIGN_CREW_H

#include "signer/sign/job.h"

#define CREW_MAX 64

/*
 * Runs a job for each path by so many threads; results in the paths' order. bar: shown on stderr.
 */
void crew_run(const struct job_conf *conf, char *const *paths, struct job_result *results, size_t n, unsigned threads, bool bar);

/* Runs work(arg) in so many threads, this one among them, until all have returned. A thread that cannot be started is done without. */
void crew_spread(void *(*work)(void *), void *arg, unsigned threads);

#endif
