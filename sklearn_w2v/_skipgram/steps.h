/* What a thread needs to know of the steps it takes part in. */

#ifndef SKLEARN_W2V_STEPS_H
#define SKLEARN_W2V_STEPS_H

#include <stddef.h>
#include <stdint.h>

/* Which of the two matrices. */
enum { CENTERS, CONTEXTS, N_MATRICES };

/* The steps of a chunk, and the model that they train. `compiled_steps.py` has the same
   fields in the same order. A row of a matrix is `vector_size` numbers and zeros up to
   `row_length`, a multiple of 16; rows begin where a line of the cache does. */
typedef struct {
    /* The model. */
    float *matrices[N_MATRICES]; /* (n_words, row_length) each */
    float *squares[N_MATRICES];  /* AdaGrad's accumulators, (n_words,) each; or none */
    const float *trainable;      /* (n_words,): 0 for rows that stay; or none */

    /* What is trained on; see `sampler.py`. */
    const int32_t *words;     /* (reach + n_tokens + reach,) */
    const int32_t *documents; /* likewise: which one a token is of */
    const int32_t *noise;     /* (n_groups, n_noise) */

    /* What a pair counts. */
    const float *weights_by_offset; /* (2 * reach + 1 + 16,); 0 for itself */
    const float *weights_within;    /* (reach + 1,): of so many tokens on one side */

    /* Of each step, and of each part of the steps. */
    const float *learning_rates; /* (n_steps,) */
    const uint8_t *with_loss;    /* (n_steps,): whether the loss is asked for */
    double *losses;              /* (n_parts,) */
    double *pair_weights;        /* (n_parts,): what all pairs count */

    float *gradients; /* (gradients_length,): of a step */
    void *crew;       /* (crew_size bytes): who takes part, see `prepare` */

    int64_t n_parts, parts_per_step;
    int32_t groups_per_part, group_length; /* in tokens */
    int32_t vector_size, row_length, reach, n_noise;
    int32_t n_shards; /* of the rows of a matrix: a power of 2 */
    int32_t trains;   /* or else computes the loss alone */
    int32_t is_crowded; /* more threads than processors */
    int32_t width;    /* of the vectors of the processor: 4, 8 or 16 numbers */
    float noise_weight; /* of a noise word, for what a pair counts: negative / n_noise */
} Chunk;

/* What Python calls. */
#define EXPORT __attribute__((visibility("default")))

/* The bytes of a Chunk, to know a library of other fields by. */
EXPORT int64_t chunk_size(void);

/* The widest vectors that this processor has. */
EXPORT int32_t widest(void);

/* How much memory a chunk needs: numbers for the gradients of a step, numbers for each
   thread, and bytes for the crew. The first two begin as zeros, where a line of the
   cache does. */
EXPORT int64_t gradients_length(const Chunk *chunk);
EXPORT int64_t workspace_length(const Chunk *chunk);
EXPORT int64_t crew_size(void);

/* Begin a chunk, before any thread works on it. */
EXPORT void prepare(const Chunk *chunk);

/* Take part in the steps of a chunk, until all are done (returns 1) or so many seconds
   are over (returns 0). What is learned does not depend on who takes part. */
EXPORT int32_t work(const Chunk *chunk, float *workspace, double seconds);

/* Let all threads return after the task in their hands. */
EXPORT void stop(const Chunk *chunk);

#endif
