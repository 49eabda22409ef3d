/* The steps of skip-gram with negative sampling, on several threads. They compute what
   `torch_steps.py` computes, where the formulas are easier to read.

   A step has two phases. In the first, each task computes the gradients of all rows that
   a part of the tokens uses. In the second, each task moves the rows of a shard of a
   matrix by their gradients, always in the same order; shard s of n has every n-th row,
   from row s on. So only one thread moves a row, and the result does not depend on the
   number of threads. */

#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include "steps.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
/* For the stages of a part, which run out of registers if inlined into one function. */
#define NOINLINE static __attribute__((noinline))

#define CACHE_LINE 16           /* floats of a cache line */
#define MAX_WIDTH 16            /* floats of a SIMD vector, at most */
#define MAX_SHARDS 32           /* of a matrix, at most */
#define BLOCK 32                /* tokens of a block, at most */
#define PREFETCH_DISTANCE 32    /* in tokens */
#define POLLS_PER_CLOCK_READ 32 /* of a thread that waits */
/* Seconds for which a waiting thread spins before it sleeps: in general, and with more
   threads than cores. */
#define SPIN_SECONDS 1e-4
#define SPIN_SECONDS_OVERSUBSCRIBED 5e-6

typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(MASK, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(MASK, a, b, ...) __builtin_shuffle(a, b, (MASK){__VA_ARGS__})
#endif
typedef int32_t QuadMask __attribute__((vector_size(16)));

/* A row of a matrix that moves, and the row of its gradient in a slot. */
typedef struct {
    int32_t word, gradient_row;
} Entry;

/* The gradients of a part, written in the first phase and read in the second. */
typedef struct {
    float *gradients[N_MATRICES]; /* each (n_rows, row_length) */
    float *squares[N_MATRICES];   /* each (n_rows,): squared lengths of the gradients */
    Entry *entries[N_MATRICES];   /* each (n_rows,), sorted by shard */
    int32_t *shards[N_MATRICES];  /* each (n_shards + 1,): the first entry of each */
} Slot;

/* The memory in which a thread works on a part. Positions are those of the part's tokens
   and of `reach` tokens on either side. */
typedef struct {
    const float **centers;  /* (n_tokens,): rows */
    const float **contexts; /* (reach + n_tokens + reach + MAX_WIDTH,): rows */
    const float **noise;    /* (groups_per_part, noise_stride): rows */
    float *noise_columns;   /* (row_length, noise_stride): of one group, transposed */
    float *noise_errors;    /* (group_length, noise_stride) */
    float *pair_errors;     /* (n_tokens, pair_stride): by offset, from -reach */
    float *pair_weights;    /* (n_tokens,): the summed weight of a token's pairs */
    int32_t *first, *last;  /* (reach + n_tokens + reach,): bounds of its document */
    int noise_stride, pair_stride;
} Workspace;

typedef struct {
    int first, last;
} Range;

INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }

/* Round a number of floats up to whole cache lines. */
INLINE int64_t padded(int64_t n)
{
    return (n + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

INLINE int part_length(const Chunk *chunk)
{
    return chunk->groups_per_part * chunk->group_length;
}

/* Return how many rows of a matrix a part uses: of centers, one for each token; of
   contexts, one for each position and each noise word. */
INLINE int n_rows(const Chunk *chunk, int matrix)
{
    int n = part_length(chunk);
    if (matrix == CENTERS) return n;
    return n + 2 * chunk->reach + chunk->groups_per_part * chunk->n_noise;
}

INLINE int n_parts_of(const Chunk *chunk, int64_t step)
{
    int64_t left = chunk->n_parts - step * chunk->parts_per_step;
    return (int)(left < chunk->parts_per_step ? left : chunk->parts_per_step);
}

/* The lengths in floats of a slot's arrays for a matrix, which follow one another. */
INLINE void slot_lengths(const Chunk *chunk, int matrix, int64_t lengths[4])
{
    int64_t n = n_rows(chunk, matrix);
    lengths[0] = padded(n * chunk->row_length); /* gradients */
    lengths[1] = padded(n);                     /* squares */
    lengths[2] = padded(2 * n);                 /* entries */
    lengths[3] = padded(MAX_SHARDS + 1);        /* shards */
}

static int64_t slot_length(const Chunk *chunk)
{
    int64_t lengths[4], total = 0;
    for (int matrix = 0; matrix < N_MATRICES; matrix++) {
        slot_lengths(chunk, matrix, lengths);
        for (int i = 0; i < 4; i++) total += lengths[i];
    }
    return total;
}

/* Return the slot of the first part of a step. */
static Slot first_slot(const Chunk *chunk)
{
    Slot slot;
    int64_t lengths[4];
    float *memory = chunk->gradients;
    for (int matrix = 0; matrix < N_MATRICES; matrix++) {
        slot_lengths(chunk, matrix, lengths);
        slot.gradients[matrix] = memory;
        slot.squares[matrix] = slot.gradients[matrix] + lengths[0];
        slot.entries[matrix] = (Entry *)(slot.squares[matrix] + lengths[1]);
        slot.shards[matrix] = (int32_t *)slot.entries[matrix] + lengths[2];
        memory = (float *)(slot.shards[matrix] + lengths[3]);
    }
    return slot;
}

/* Return the slot that is n floats after another one. */
INLINE Slot slot_after(Slot slot, int64_t n)
{
    for (int matrix = 0; matrix < N_MATRICES; matrix++) {
        slot.gradients[matrix] += n;
        slot.squares[matrix] += n;
        slot.entries[matrix] += n / 2; /* an entry is as long as two floats */
        slot.shards[matrix] += n;
    }
    return slot;
}

int64_t gradients_length(const Chunk *chunk)
{
    int64_t n = chunk->n_parts < chunk->parts_per_step ? chunk->n_parts : chunk->parts_per_step;
    return chunk->trains ? n * slot_length(chunk) : 0;
}

/* The lengths in floats of a workspace's arrays, which follow one another. A pointer is as
   long as two floats. */
INLINE void workspace_lengths(const Chunk *chunk, int64_t lengths[9])
{
    int64_t n = part_length(chunk), n_positions = n + 2 * chunk->reach;
    int64_t noise_stride = padded(chunk->n_noise);
    lengths[0] = padded(2 * n);                                      /* centers */
    lengths[1] = padded(2 * (n_positions + MAX_WIDTH));              /* contexts */
    lengths[2] = padded(2 * chunk->groups_per_part * noise_stride);  /* noise */
    lengths[3] = chunk->row_length * noise_stride;                   /* noise_columns */
    lengths[4] = chunk->group_length * noise_stride;                 /* noise_errors */
    lengths[5] = n * padded(2 * chunk->reach + 1) + 2 * CACHE_LINE;  /* pair_errors */
    lengths[6] = padded(n);                                          /* pair_weights */
    lengths[7] = lengths[8] = padded(n_positions);                   /* first, last */
}

int64_t workspace_length(const Chunk *chunk)
{
    int64_t lengths[9], total = 0;
    workspace_lengths(chunk, lengths);
    for (int i = 0; i < 9; i++) total += lengths[i];
    return total;
}

static Workspace workspace_of(const Chunk *chunk, float *memory)
{
    int64_t lengths[9];
    float *arrays[9];
    workspace_lengths(chunk, lengths);
    for (int i = 0; i < 9; i++) {
        arrays[i] = memory;
        memory += lengths[i];
    }
    return (Workspace){
        .centers = (const float **)arrays[0],
        .contexts = (const float **)arrays[1],
        .noise = (const float **)arrays[2],
        .noise_columns = arrays[3],
        .noise_errors = arrays[4],
        .pair_errors = arrays[5],
        .pair_weights = arrays[6],
        .first = (int32_t *)arrays[7],
        .last = (int32_t *)arrays[8],
        .noise_stride = (chunk->n_noise + chunk->width - 1) / chunk->width * chunk->width,
        .pair_stride = (int)padded(2 * chunk->reach + 1),
    };
}

/* Return the positions of the contexts of token i: its window in its document, with the
   token itself. */
INLINE Range contexts_of(const Chunk *chunk, const Workspace *work, int i)
{
    int position = i + chunk->reach;
    return (Range){max(work->first[position], i),
                   min(work->last[position], position + chunk->reach)};
}

/* Return the tokens of the part whose windows contain a position. There are none if the
   first is greater than the last. */
INLINE Range tokens_of(const Chunk *chunk, const Workspace *work, int position)
{
    int reach = chunk->reach;
    int first = max(work->first[position] - reach, position - 2 * reach);
    int last = min(work->last[position] - reach, position);
    return (Range){max(first, 0), min(last, part_length(chunk) - 1)};
}

/* Find the rows and the sentences of a part, and sum the weights of its pairs. */
static void fill_workspace(const Chunk *chunk, int64_t part, const Workspace *work)
{
    const int n = part_length(chunk), reach = chunk->reach, n_positions = n + 2 * reach;
    const int K = chunk->n_noise, stride = work->noise_stride;
    const int32_t *words = chunk->words + part * n;
    const int32_t *sentences = chunk->sentences + part * n;
    const int32_t *noise = chunk->noise + part * chunk->groups_per_part * K;
    const int64_t row_length = chunk->row_length;
    const float *centers = chunk->matrices[CENTERS], *contexts = chunk->matrices[CONTEXTS];

    for (int j = 0; j < n_positions; j++) {
        int starts = j == 0 || sentences[j] != sentences[j - 1];
        work->first[j] = starts ? j : work->first[j - 1];
    }
    for (int j = n_positions - 1; j >= 0; j--) {
        int ends = j == n_positions - 1 || sentences[j] != sentences[j + 1];
        work->last[j] = ends ? j : work->last[j + 1];
    }
    double total = 0.0;
    for (int i = 0; i < n; i++) {
        Range near = contexts_of(chunk, work, i);
        work->pair_weights[i] = chunk->weights_within[i + reach - near.first] +
                                chunk->weights_within[near.last - i - reach];
        total += (double)work->pair_weights[i];
    }
    chunk->pair_weights[part] = total;

    for (int i = 0; i < n; i++) work->centers[i] = centers + words[i + reach] * row_length;
    /* Rows are read several at a time: the last one is repeated after the end. */
    for (int j = 0; j < n_positions + MAX_WIDTH; j++)
        work->contexts[j] = contexts + words[min(j, n_positions - 1)] * row_length;
    for (int group = 0; group < chunk->groups_per_part; group++)
        for (int k = 0; k < stride; k++)
            work->noise[group * stride + k] =
                contexts + noise[group * K + min(k, K - 1)] * row_length;
}

/* Sort the rows of a part that move by their shards. */
static void sort_by_shard(const Chunk *chunk, int64_t part, const Slot *slot, int matrix)
{
    const int n = part_length(chunk), mask = chunk->n_shards - 1;
    const int n_tokens = matrix == CENTERS ? n : n + 2 * chunk->reach;
    const int32_t *tokens = chunk->words + part * n + (matrix == CENTERS ? chunk->reach : 0);
    const int32_t *noise = chunk->noise + part * chunk->groups_per_part * chunk->n_noise;
    const float *squares = slot->squares[matrix], *trainable = chunk->trainable;
    int32_t *shards = slot->shards[matrix], ends[MAX_SHARDS];

    /* A stable counting sort: count the rows of each shard, then put them in order. */
    memset(shards, 0, (MAX_SHARDS + 1) * sizeof *shards);
    for (int is_counted = 0; is_counted < 2; is_counted++) {
        for (int row = 0; row < n_rows(chunk, matrix); row++) {
            int32_t word = row < n_tokens ? tokens[row] : noise[row - n_tokens];
            /* A row without pairs has no gradient. */
            if (squares[row] == 0.0f || (trainable && trainable[word] == 0.0f)) continue;
            if (is_counted)
                slot->entries[matrix][ends[word & mask]++] = (Entry){word, row};
            else
                shards[(word & mask) + 1]++;
        }
        for (int shard = 0; !is_counted && shard < chunk->n_shards; shard++) {
            shards[shard + 1] += shards[shard];
            ends[shard] = shards[shard];
        }
    }
}

INLINE void prefetch_row(const float *row, int n)
{
    for (int i = 0; i < n; i += CACHE_LINE) __builtin_prefetch(row + i, 0, 2);
}

/* --- the arithmetic, for each width of SIMD vectors */

#define WIDTH 4
#define NAME(name) name##_4
#define TILE_ROWS 4
#define TILE_VECTORS 2
#include "arithmetic.h"

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define WIDTH 8
#define NAME(name) name##_8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#include "arithmetic.h"
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                         \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))),           \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#define WIDTH 16
#define NAME(name) name##_16
#define TILE_ROWS 8
#define TILE_VECTORS 3
#include "arithmetic.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

int32_t simd_width(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 16;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

#else

int32_t simd_width(void) { return 4; }

#endif

static void differentiate(const Chunk *chunk, int64_t part, int slot_index, float *memory)
{
    const Workspace work = workspace_of(chunk, memory);
    const int with_loss = chunk->with_loss[part / chunk->parts_per_step];
    Slot slot = {0};
    if (chunk->trains)
        slot = slot_after(first_slot(chunk), slot_index * slot_length(chunk));
    fill_workspace(chunk, part, &work);
#if defined(__x86_64__)
    if (chunk->width == 16)
        differentiate_16(chunk, part, &work, &slot, with_loss);
    else if (chunk->width == 8)
        differentiate_8(chunk, part, &work, &slot, with_loss);
    else
#endif
        differentiate_4(chunk, part, &work, &slot, with_loss);
    for (int matrix = 0; chunk->trains && matrix < N_MATRICES; matrix++)
        sort_by_shard(chunk, part, &slot, matrix);
}

static void descend(const Chunk *chunk, int64_t step, int matrix, int shard)
{
#if defined(__x86_64__)
    if (chunk->width == 16)
        descend_16(chunk, step, matrix, shard);
    else if (chunk->width == 8)
        descend_8(chunk, step, matrix, shard);
    else
#endif
        descend_4(chunk, step, matrix, shard);
}

/* --- the phases of all steps, and the threads that run their tasks */

/* What the threads of a chunk share. */
typedef struct {
    /* The phase, and in the lower 32 bits its next task that no thread has taken. */
    _Alignas(64) _Atomic int64_t next;
    _Alignas(64) _Atomic int32_t n_done; /* tasks of this phase */
    _Alignas(64) _Atomic int32_t n_asleep; /* threads */
    _Atomic int32_t is_stopped;
    pthread_mutex_t mutex;
    pthread_cond_t phase_ended;
} Schedule;

int64_t chunk_size(void) { return sizeof(Chunk); }

int64_t schedule_size(void) { return sizeof(Schedule); }

void prepare(const Chunk *chunk)
{
    Schedule *schedule = chunk->schedule;
    memset(schedule, 0, sizeof *schedule);
    pthread_mutex_init(&schedule->mutex, NULL);
    pthread_cond_init(&schedule->phase_ended, NULL);
}

INLINE int64_t current_phase(Schedule *schedule)
{
    return atomic_load(&schedule->next) >> 32;
}

static int64_t n_phases(const Chunk *chunk)
{
    int64_t n_steps = (chunk->n_parts + chunk->parts_per_step - 1) / chunk->parts_per_step;
    return chunk->trains ? 2 * n_steps : n_steps;
}

static int n_tasks(const Chunk *chunk, int64_t phase)
{
    if (!chunk->trains) return n_parts_of(chunk, phase);
    return phase % 2 ? N_MATRICES * chunk->n_shards : n_parts_of(chunk, phase / 2);
}

static void run_task(const Chunk *chunk, int64_t phase, int task, float *workspace)
{
    int64_t step = chunk->trains ? phase / 2 : phase;
    if (chunk->trains && phase % 2) /* contexts first: they have more rows */
        descend(chunk, step, task < chunk->n_shards ? CONTEXTS : CENTERS,
                task % chunk->n_shards);
    else
        differentiate(chunk, step * chunk->parts_per_step + task, task, workspace);
}

/* Wake all threads that sleep until the next phase, or only one. With more threads than
   cores, one is enough until the chunk ends: waking all takes longer than their tasks. */
static void wake(Schedule *schedule, int all)
{
    if (!atomic_load(&schedule->n_asleep)) return;
    pthread_mutex_lock(&schedule->mutex);
    if (all)
        pthread_cond_broadcast(&schedule->phase_ended);
    else
        pthread_cond_signal(&schedule->phase_ended);
    pthread_mutex_unlock(&schedule->mutex);
}

INLINE void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); /* the clock of pthread_cond_timedwait */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Wait until a phase is over, or until `deadline`: spin at first, then sleep. */
static void wait_for_next_phase(const Chunk *chunk, int64_t phase, double deadline)
{
    Schedule *schedule = chunk->schedule;
    const double spin_end =
        seconds_now() +
        (chunk->is_oversubscribed ? SPIN_SECONDS_OVERSUBSCRIBED : SPIN_SECONDS);
    do {
        for (int i = 0; i < POLLS_PER_CLOCK_READ; i++) {
            if (current_phase(schedule) != phase) return;
            cpu_relax();
        }
    } while (seconds_now() < spin_end);
    struct timespec until;
    until.tv_sec = (time_t)deadline;
    until.tv_nsec = (long)(1e9 * (deadline - (double)until.tv_sec));
    pthread_mutex_lock(&schedule->mutex);
    atomic_fetch_add(&schedule->n_asleep, 1);
    while (current_phase(schedule) == phase && !atomic_load(&schedule->is_stopped))
        if (pthread_cond_timedwait(&schedule->phase_ended, &schedule->mutex, &until) ==
            ETIMEDOUT)
            break;
    atomic_fetch_sub(&schedule->n_asleep, 1);
    pthread_mutex_unlock(&schedule->mutex);
}

int32_t run_tasks(const Chunk *chunk, float *workspace, double seconds)
{
    Schedule *schedule = chunk->schedule;
    const double deadline = seconds_now() + seconds;
    const int64_t end = n_phases(chunk);
    while (seconds_now() < deadline) {
        int64_t next = atomic_load(&schedule->next), phase = next >> 32;
        int task = (int32_t)next;
        if (phase == end || atomic_load(&schedule->is_stopped)) return 1;
        int n = n_tasks(chunk, phase);
        if (task == n) {
            wait_for_next_phase(chunk, phase, deadline);
        } else if (atomic_compare_exchange_strong(&schedule->next, &next, next + 1)) {
            run_task(chunk, phase, task, workspace);
            if (atomic_fetch_add(&schedule->n_done, 1) + 1 == n) {
                atomic_store(&schedule->n_done, 0);
                atomic_store(&schedule->next, (phase + 1) << 32);
                wake(schedule, !chunk->is_oversubscribed || phase + 1 == end);
            }
        }
    }
    return 0;
}

void stop(const Chunk *chunk)
{
    Schedule *schedule = chunk->schedule;
    pthread_mutex_lock(&schedule->mutex);
    atomic_store(&schedule->is_stopped, 1);
    pthread_cond_broadcast(&schedule->phase_ended);
    pthread_mutex_unlock(&schedule->mutex);
}
