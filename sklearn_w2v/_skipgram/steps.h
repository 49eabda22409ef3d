/* The data of the compiled steps, and the functions that `library.py` declares. */

#ifndef SKLEARN_W2V_STEPS_H
#define SKLEARN_W2V_STEPS_H

#include <stddef.h>
#include <stdint.h>

/* The two matrices, as indices. */
enum { CENTERS, CONTEXTS, N_MATRICES };

/* A chunk of steps, and the model that they train. `library.py` has the same fields
   in the same order. A row of a matrix is `vector_size` floats, then zeros up to
   `row_length`, a multiple of 16. Each row starts at a cache line. */
typedef struct {
    /* The model. */
    float *matrices[N_MATRICES]; /* each (n_words, row_length) */
    float *squares[N_MATRICES];  /* AdaGrad's accumulators, each (n_words,); or NULL */
    const float *trainable;      /* (n_words,): 0 for frozen rows; or NULL */

    /* The tokens and noise words; see `sampler.py`. */
    const int32_t *words;     /* (reach + n_tokens + reach,) */
    const int32_t *sentences; /* (reach + n_tokens + reach,) */
    const int32_t *noise;     /* (n_groups, n_noise) */

    /* The weights of pairs. */
    const float *weights_by_offset; /* (2 * reach + 1 + 16,): from -reach; 0 at offset 0 */
    const float *weights_within;    /* (reach + 1,): summed up to each distance */

    /* Of each step, and of each part. */
    const float *learning_rates; /* (n_steps,) */
    const uint8_t *with_loss;    /* (n_steps,): whether to compute the loss */
    double *losses;              /* (n_parts,) */
    double *pair_weights;        /* (n_parts,): the summed weight of all pairs */

    float *gradients; /* (gradients_length,): memory for the gradients of a step */
    void *schedule;   /* (schedule_size bytes): which tasks are done, see `prepare` */

    int64_t n_parts, parts_per_step;
    int32_t groups_per_part, group_length; /* a group's length is in tokens */
    int32_t vector_size, row_length, reach, n_noise;
    int32_t n_shards;          /* of each matrix: a power of 2 */
    int32_t trains;            /* or else only computes the loss */
    int32_t is_oversubscribed; /* whether there are more threads than cores */
    int32_t width;             /* of the CPU's SIMD vectors: 4, 8 or 16 floats */
    float noise_weight;        /* of a noise word, if pairs weigh 1: negative / n_noise */
} Chunk;

#define EXPORT __attribute__((visibility("default")))

/* Return the bytes of a Chunk, which differ if a library was built with other fields. */
EXPORT int64_t chunk_size(void);

/* Return the width of the CPU's widest SIMD vectors, in floats. */
EXPORT int32_t simd_width(void);

/* Return how much memory a chunk needs: floats for the gradients of a step, floats for
   the workspace of each thread, and bytes for the schedule. Each starts at a cache line;
   gradients and workspaces start as zeros. */
EXPORT int64_t gradients_length(const Chunk *chunk);
EXPORT int64_t workspace_length(const Chunk *chunk);
EXPORT int64_t schedule_size(void);

/* Initialize the schedule of a chunk, before any thread runs its tasks. */
EXPORT void prepare(const Chunk *chunk);

/* Run tasks of a chunk until all are done (returns 1) or `seconds` have passed (returns
   0). Several threads may do so; the result does not depend on their number. */
EXPORT int32_t run_tasks(const Chunk *chunk, float *workspace, double seconds);

/* Make all threads return after the task that they are running. */
EXPORT void stop(const Chunk *chunk);

#endif
