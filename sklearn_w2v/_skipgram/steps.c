/* The steps of skip-gram with negative sampling, for several threads. It computes what
   `torch_steps.py` computes, in which the formulas are easier to find.

   A step has two phases. In the first, each task is a part of the tokens: the gradients
   of all rows that it uses. In the second, each task is a shard of the rows of a matrix,
   those whose number has the same rest: they move by their gradients, always in the same
   order. So a row is one thread's at a time, and the result does not depend on how many
   threads there are. */

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
/* Stages of a part are functions of their own: inlined, they run out of registers. */
#define STAGE static __attribute__((noinline))

#define LINE 16       /* numbers of a line of the cache */
#define MAX_WIDTH 16  /* of a vector */
#define MAX_SHARDS 32 /* of a matrix */
#define BLOCK 32      /* tokens that a part trains on at a time */
#define AHEAD 32      /* tokens for which rows are fetched ahead */
#define LOOKS 32      /* at a phase, before one at the clock */
/* Seconds after which a thread that waits sleeps, where threads are more than processors
   and where they are not. */
#define SHORT_WAIT 5e-6
#define LONG_WAIT 1e-4

typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(MASK, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(MASK, a, b, ...) __builtin_shuffle(a, b, (MASK){__VA_ARGS__})
#endif
typedef int32_t QuadMask __attribute__((vector_size(16)));

/* A row that a part has gradients for, and where. */
typedef struct {
    int32_t word, place;
} Entry;

/* What a part hands from one phase to the next, of each matrix. */
typedef struct {
    float *gradients[N_MATRICES];  /* (n_rows, row_length) each */
    float *squares[N_MATRICES];    /* (n_rows,): squared lengths of these */
    Entry *entries[N_MATRICES];    /* the rows by their shards */
    int32_t *shards[N_MATRICES];   /* (n_shards + 1,): where each begins */
} Slot;

/* What a thread has of the part that it is at work on. */
typedef struct {
    const float **centers;  /* (n_tokens,): rows */
    const float **contexts; /* (reach + n_tokens + reach + MAX_WIDTH,) */
    const float **noise;    /* (groups_per_part, noise_stride) */
    float *noise_columns;   /* (row_length, noise_stride): of a group, transposed */
    float *noise_errors;    /* (group_length, noise_stride) */
    float *pair_errors;     /* (n_tokens, pair_stride): by offset, from -reach */
    float *pair_weights;    /* (n_tokens,): what all pairs of a token count */
    int32_t *first, *last;  /* (reach + n_tokens + reach,): of a token's document here */
    int noise_stride, pair_stride;
} Workspace;

typedef struct {
    int first, last;
} Range;

INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }
INLINE int64_t whole_lines(int64_t n) { return (n + LINE - 1) / LINE * LINE; }

INLINE int part_length(const Chunk *chunk)
{
    return chunk->groups_per_part * chunk->group_length;
}

/* Rows of a part in a matrix: tokens; or those and `reach` around, and noise words. */
INLINE int n_rows(const Chunk *chunk, int matrix)
{
    int n = part_length(chunk);
    if (matrix == CENTERS) return n;
    return n + 2 * chunk->reach + chunk->groups_per_part * chunk->n_noise;
}

INLINE int parts_of(const Chunk *chunk, int64_t step)
{
    int64_t left = chunk->n_parts - step * chunk->parts_per_step;
    return (int)(left < chunk->parts_per_step ? left : chunk->parts_per_step);
}

/* What a slot holds of a matrix, one behind the other, in numbers. */
INLINE void slot_lengths(const Chunk *chunk, int matrix, int64_t lengths[4])
{
    int64_t n = n_rows(chunk, matrix);
    lengths[0] = whole_lines(n * chunk->row_length); /* gradients */
    lengths[1] = whole_lines(n);                     /* squares */
    lengths[2] = whole_lines(2 * n);                 /* entries */
    lengths[3] = whole_lines(MAX_SHARDS + 1);        /* shards */
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

/* The slot of the first part of a step. */
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

/* A slot that stands so many numbers behind another one. */
INLINE Slot slot_behind(Slot slot, int64_t n)
{
    for (int matrix = 0; matrix < N_MATRICES; matrix++) {
        slot.gradients[matrix] += n;
        slot.squares[matrix] += n;
        slot.entries[matrix] += n / 2; /* an entry is as long as two numbers */
        slot.shards[matrix] += n;
    }
    return slot;
}

int64_t gradients_length(const Chunk *chunk)
{
    int64_t n = chunk->n_parts < chunk->parts_per_step ? chunk->n_parts : chunk->parts_per_step;
    return chunk->trains ? n * slot_length(chunk) : 0;
}

/* What a workspace holds, one behind the other, in numbers; a pointer takes two. */
INLINE void workspace_lengths(const Chunk *chunk, int64_t lengths[9])
{
    int64_t n = part_length(chunk), n_places = n + 2 * chunk->reach;
    int64_t noise_stride = whole_lines(chunk->n_noise);
    lengths[0] = whole_lines(2 * n);                                    /* centers */
    lengths[1] = whole_lines(2 * (n_places + MAX_WIDTH));               /* contexts */
    lengths[2] = whole_lines(2 * chunk->groups_per_part * noise_stride);  /* noise */
    lengths[3] = chunk->row_length * noise_stride;               /* noise_columns */
    lengths[4] = chunk->group_length * noise_stride;              /* noise_errors */
    lengths[5] = n * whole_lines(2 * chunk->reach + 1) + 2 * LINE; /* pair_errors */
    lengths[6] = whole_lines(n);                                  /* pair_weights */
    lengths[7] = lengths[8] = whole_lines(n_places);              /* first, last */
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
    float *places[9];
    workspace_lengths(chunk, lengths);
    for (int i = 0; i < 9; i++) {
        places[i] = memory;
        memory += lengths[i];
    }
    return (Workspace){
        .centers = (const float **)places[0],
        .contexts = (const float **)places[1],
        .noise = (const float **)places[2],
        .noise_columns = places[3],
        .noise_errors = places[4],
        .pair_errors = places[5],
        .pair_weights = places[6],
        .first = (int32_t *)places[7],
        .last = (int32_t *)places[8],
        .noise_stride = (chunk->n_noise + chunk->width - 1) / chunk->width * chunk->width,
        .pair_stride = (int)whole_lines(2 * chunk->reach + 1),
    };
}

/* The contexts of token i, by their places in a part with its surroundings: as far as a
   window reaches in the token's document. The token itself is among them. */
INLINE Range contexts_of(const Chunk *chunk, const Workspace *work, int i)
{
    int place = i + chunk->reach;
    return (Range){max(work->first[place], i), min(work->last[place], place + chunk->reach)};
}

/* The tokens of the part in whose windows a place is; none if the first is behind the
   last. */
INLINE Range tokens_of(const Chunk *chunk, const Workspace *work, int place)
{
    int reach = chunk->reach;
    int first = max(work->first[place] - reach, place - 2 * reach);
    int last = min(work->last[place] - reach, place);
    return (Range){max(first, 0), min(last, part_length(chunk) - 1)};
}

/* Find the rows of a part, and how far the documents of its tokens reach. */
static void look_up(const Chunk *chunk, int64_t part, const Workspace *work)
{
    const int n = part_length(chunk), reach = chunk->reach, n_places = n + 2 * reach;
    const int K = chunk->n_noise, stride = work->noise_stride;
    const int32_t *words = chunk->words + part * n;
    const int32_t *documents = chunk->documents + part * n;
    const int32_t *noise = chunk->noise + part * chunk->groups_per_part * K;
    const int64_t row_length = chunk->row_length;
    const float *centers = chunk->matrices[CENTERS], *contexts = chunk->matrices[CONTEXTS];

    for (int j = 0; j < n_places; j++) {
        int begins = j == 0 || documents[j] != documents[j - 1];
        work->first[j] = begins ? j : work->first[j - 1];
    }
    for (int j = n_places - 1; j >= 0; j--) {
        int ends = j == n_places - 1 || documents[j] != documents[j + 1];
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
    /* Rows are worked on in fours and more: behind the last one it stands again. */
    for (int j = 0; j < n_places + MAX_WIDTH; j++)
        work->contexts[j] = contexts + words[min(j, n_places - 1)] * row_length;
    for (int group = 0; group < chunk->groups_per_part; group++)
        for (int k = 0; k < stride; k++)
            work->noise[group * stride + k] =
                contexts + noise[group * K + min(k, K - 1)] * row_length;
}

/* Put the rows of a part that are to move in the order of their shards. */
static void sort_by_shard(const Chunk *chunk, int64_t part, const Slot *slot, int matrix)
{
    const int n = part_length(chunk), mask = chunk->n_shards - 1;
    const int n_tokens = matrix == CENTERS ? n : n + 2 * chunk->reach;
    const int32_t *tokens = chunk->words + part * n + (matrix == CENTERS ? chunk->reach : 0);
    const int32_t *noise = chunk->noise + part * chunk->groups_per_part * chunk->n_noise;
    const float *squares = slot->squares[matrix], *trainable = chunk->trainable;
    int32_t *shards = slot->shards[matrix], ends[MAX_SHARDS];

    /* Count, then put each row behind those of its shard that came before. */
    memset(shards, 0, (MAX_SHARDS + 1) * sizeof *shards);
    for (int is_counted = 0; is_counted < 2; is_counted++) {
        for (int place = 0; place < n_rows(chunk, matrix); place++) {
            int32_t word = place < n_tokens ? tokens[place] : noise[place - n_tokens];
            /* A place without pairs has no gradient. */
            if (squares[place] == 0.0f || (trainable && trainable[word] == 0.0f)) continue;
            if (is_counted)
                slot->entries[matrix][ends[word & mask]++] = (Entry){word, place};
            else
                shards[(word & mask) + 1]++;
        }
        for (int shard = 0; !is_counted && shard < chunk->n_shards; shard++) {
            shards[shard + 1] += shards[shard];
            ends[shard] = shards[shard];
        }
    }
}

INLINE void fetch(const float *row, int n)
{
    for (int i = 0; i < n; i += LINE) __builtin_prefetch(row + i, 0, 2);
}

/* --- the arithmetic, for each width of vectors */

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

int32_t widest(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 16;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

#else

int32_t widest(void) { return 4; }

#endif

static void differentiate(const Chunk *chunk, int64_t part, int place, float *memory)
{
    const Workspace work = workspace_of(chunk, memory);
    const int with_loss = chunk->with_loss[part / chunk->parts_per_step];
    Slot slot = {0};
    if (chunk->trains) slot = slot_behind(first_slot(chunk), place * slot_length(chunk));
    look_up(chunk, part, &work);
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

/* --- the phases of all steps, and who does their tasks */

typedef struct {
    /* The phase, and below 32 bits the next task of it that nobody has. */
    _Alignas(64) _Atomic int64_t next;
    _Alignas(64) _Atomic int32_t n_done; /* tasks of this phase */
    _Alignas(64) _Atomic int32_t n_asleep;
    _Atomic int32_t is_stopped;
    pthread_mutex_t mutex;
    pthread_cond_t phase_begins;
} Crew;

int64_t chunk_size(void) { return sizeof(Chunk); }

int64_t crew_size(void) { return sizeof(Crew); }

void prepare(const Chunk *chunk)
{
    Crew *crew = chunk->crew;
    memset(crew, 0, sizeof *crew);
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->phase_begins, NULL);
}

INLINE int64_t phase_now(Crew *crew) { return atomic_load(&crew->next) >> 32; }

static int64_t n_phases(const Chunk *chunk)
{
    int64_t n_steps = (chunk->n_parts + chunk->parts_per_step - 1) / chunk->parts_per_step;
    return chunk->trains ? 2 * n_steps : n_steps;
}

static int n_tasks(const Chunk *chunk, int64_t phase)
{
    if (!chunk->trains) return parts_of(chunk, phase);
    return phase % 2 ? N_MATRICES * chunk->n_shards : parts_of(chunk, phase / 2);
}

static void do_task(const Chunk *chunk, int64_t phase, int task, float *workspace)
{
    int64_t step = chunk->trains ? phase / 2 : phase;
    if (chunk->trains && phase % 2) /* the matrix with more rows comes first */
        descend(chunk, step, task < chunk->n_shards ? CONTEXTS : CENTERS,
                task % chunk->n_shards);
    else
        differentiate(chunk, step * chunk->parts_per_step + task, task, workspace);
}

/* Wake the threads that wait for a phase, if there are any. Where threads are more than
   processors, one is enough, until the chunk ends: it would take longer to wake them all
   than to do their work. */
static void wake(Crew *crew, int all)
{
    if (!atomic_load(&crew->n_asleep)) return;
    pthread_mutex_lock(&crew->mutex);
    if (all)
        pthread_cond_broadcast(&crew->phase_begins);
    else
        pthread_cond_signal(&crew->phase_begins);
    pthread_mutex_unlock(&crew->mutex);
}

INLINE void rest_a_moment(void)
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
    clock_gettime(CLOCK_REALTIME, &now); /* which pthread_cond_timedwait goes by */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Wait until a phase is over, awake at first; no longer than until `deadline`. */
static void wait_for_end(const Chunk *chunk, int64_t phase, double deadline)
{
    Crew *crew = chunk->crew;
    const double sleeps = seconds_now() + (chunk->is_crowded ? SHORT_WAIT : LONG_WAIT);
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (phase_now(crew) != phase) return;
            rest_a_moment();
        }
    } while (seconds_now() < sleeps);
    struct timespec until;
    until.tv_sec = (time_t)deadline;
    until.tv_nsec = (long)(1e9 * (deadline - (double)until.tv_sec));
    pthread_mutex_lock(&crew->mutex);
    atomic_fetch_add(&crew->n_asleep, 1);
    while (phase_now(crew) == phase && !atomic_load(&crew->is_stopped))
        if (pthread_cond_timedwait(&crew->phase_begins, &crew->mutex, &until) == ETIMEDOUT)
            break;
    atomic_fetch_sub(&crew->n_asleep, 1);
    pthread_mutex_unlock(&crew->mutex);
}

int32_t work(const Chunk *chunk, float *workspace, double seconds)
{
    Crew *crew = chunk->crew;
    const double deadline = seconds_now() + seconds;
    const int64_t end = n_phases(chunk);
    while (seconds_now() < deadline) {
        int64_t next = atomic_load(&crew->next), phase = next >> 32;
        int task = (int32_t)next;
        if (phase == end || atomic_load(&crew->is_stopped)) return 1;
        int n = n_tasks(chunk, phase);
        if (task == n) {
            wait_for_end(chunk, phase, deadline);
        } else if (atomic_compare_exchange_strong(&crew->next, &next, next + 1)) {
            do_task(chunk, phase, task, workspace);
            if (atomic_fetch_add(&crew->n_done, 1) + 1 == n) {
                atomic_store(&crew->n_done, 0);
                atomic_store(&crew->next, (phase + 1) << 32);
                wake(crew, !chunk->is_crowded || phase + 1 == end);
            }
        }
    }
    return 0;
}

void stop(const Chunk *chunk)
{
    Crew *crew = chunk->crew;
    pthread_mutex_lock(&crew->mutex);
    atomic_store(&crew->is_stopped, 1);
    pthread_cond_broadcast(&crew->phase_begins);
    pthread_mutex_unlock(&crew->mutex);
}
