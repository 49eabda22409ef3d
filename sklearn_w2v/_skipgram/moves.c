/* The moves of the rows on several ranks. They compute what `TorchMoves` of `moves.py`
   computes, where the formulas are easier to read.

   Moves are sent as bfloat16, the upper half of a float: its sign, its exponent and the
   first 7 bits of its mantissa. A record has the move of a row and the growth of its accumulator: vector_size
   + 1 numbers. Records are in arrays of (world_size, n_each, N_MATRICES), where row r is
   at [r % world_size, r / world_size]. */

#include "steps.h"

#include <string.h>

#define LANES 8

/* The model of a rank, and what all ranks share. */
typedef struct {
    float *matrices[N_MATRICES]; /* each (n_words, row_length) */
    float *squares[N_MATRICES];  /* AdaGrad's accumulators, each (n_words,) */
    /* The model with the moves that all ranks have added: the same on all of them. */
    float *shared_matrices[N_MATRICES];
    float *shared_squares[N_MATRICES];
    /* The last merged moves, (n_words / world_size rounded up, N_MATRICES, vector_size). */
    float *velocities;
    int64_t vector_size, row_length, world_size;
    float momentum;
} Model;

static float widened(uint16_t number)
{
    uint32_t bits = (uint32_t)number << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static uint16_t truncated(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (uint16_t)(bits >> 16);
}

/* Round to the nearest bfloat16, or to the even one of two. */
static uint16_t rounded(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint16_t nearest = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : nearest; /* or else nan */
}

/* Return the sum of n numbers, LANES at a time, which a CPU adds at once. */
static float total(const float *numbers, int64_t n)
{
    float sums[LANES] = {0.0f};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += numbers[i + lane];
    for (; i < n; i++) sums[0] += numbers[i];
    for (int lane = 1; lane < LANES; lane++) sums[0] += sums[lane];
    return sums[0];
}

/* Return the position of the record of a row of the first matrix. */
static int64_t position_of(const Model *model, int64_t row, int64_t n_each)
{
    int64_t place = row % model->world_size * n_each + row / model->world_size;
    return place * N_MATRICES * (model->vector_size + 1);
}

EXPORT int64_t model_size(void);
EXPORT void take_moves(const Model *, uint16_t *, int64_t, int64_t, int64_t);
EXPORT void sum_moves(const Model *, const uint16_t *, uint16_t *, float *, int64_t);
EXPORT void add_merged(const Model *, const uint16_t *, const uint16_t *, int64_t, int64_t,
                       int64_t);

int64_t model_size(void) { return sizeof(Model); }

/* Write how far rows from `first` to `last` - 1 have moved from what all ranks share. */
void take_moves(const Model *model, uint16_t *moves, int64_t n_each, int64_t first,
                int64_t last)
{
    const int64_t size = model->vector_size;
    for (int matrix = 0; matrix < N_MATRICES; matrix++)
        for (int64_t row = first; row < last; row++) {
            const float *vector = model->matrices[matrix] + row * model->row_length;
            const float *shared = model->shared_matrices[matrix] + row * model->row_length;
            uint16_t *to = moves + position_of(model, row, n_each) + matrix * (size + 1);
            for (int64_t i = 0; i < size; i++) to[i] = rounded(vector[i] - shared[i]);
            to[size] = truncated(model->squares[matrix][row] -
                                    model->shared_squares[matrix][row]);
        }
}

/* Merge the moves of the rows that this rank sums, (world_size, n_each, N_MATRICES), to
   records of (n_each, N_MATRICES). `sums` has memory for two vectors. */
void sum_moves(const Model *model, const uint16_t *moves, uint16_t *merged, float *sums,
               int64_t n_each)
{
    const int64_t size = model->vector_size, n_ranks = model->world_size;
    for (int64_t record = 0; record < n_each * N_MATRICES; record++) {
        const uint16_t *of_rank = moves + record * (size + 1);
        float *squares = sums + size, growth = 0.0f;
        memset(sums, 0, 2 * (size_t)size * sizeof *sums);
        for (int64_t rank = 0; rank < n_ranks; rank++) {
            for (int64_t i = 0; i < size; i++) {
                float number = widened(of_rank[i]);
                sums[i] += number;
                squares[i] += number * number;
            }
            growth += widened(of_rank[size]);
            of_rank += n_each * N_MATRICES * (size + 1);
        }
        const float sum_of_squares = total(squares, size);
        for (int64_t i = 0; i < size; i++) squares[i] = sums[i] * sums[i];
        const float square_of_sum = total(squares, size), least = 1.0f / (float)n_ranks;
        float scale = sum_of_squares / square_of_sum;
        /* Also for rows that no rank moved, and rows whose moves cancel. */
        if (!(scale < 1.0f)) scale = 1.0f;
        if (scale < least) scale = least;
        float *velocity = model->velocities + record * size;
        uint16_t *to = merged + record * (size + 1);
        for (int64_t i = 0; i < size; i++) {
            velocity[i] = model->momentum * velocity[i] + scale * sums[i];
            to[i] = rounded(velocity[i]);
        }
        to[size] = rounded(scale * scale * growth);
    }
}

/* Add merged moves to the rows from `first` to `last` - 1, and subtract the rank's own
   moves, which these rows have made already. */
void add_merged(const Model *model, const uint16_t *merged, const uint16_t *moves,
                int64_t n_each, int64_t first, int64_t last)
{
    const int64_t size = model->vector_size;
    for (int matrix = 0; matrix < N_MATRICES; matrix++)
        for (int64_t row = first; row < last; row++) {
            float *vector = model->matrices[matrix] + row * model->row_length;
            float *shared = model->shared_matrices[matrix] + row * model->row_length;
            int64_t position = position_of(model, row, n_each) + matrix * (size + 1);
            const uint16_t *of_all = merged + position, *own = moves + position;
            for (int64_t i = 0; i < size; i++) {
                vector[i] += widened(of_all[i]) - widened(own[i]);
                shared[i] += widened(of_all[i]);
            }
            float growth = widened(of_all[size]);
            model->squares[matrix][row] += growth - widened(own[size]);
            model->shared_squares[matrix][row] += growth;
        }
}
