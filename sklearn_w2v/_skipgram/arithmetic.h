/* The arithmetic of a step, with SIMD vectors of WIDTH floats. `steps.c` includes this
   file once for each width, and compiles it for CPUs that have such vectors. */

#define Floats NAME(Floats)
#define Ints NAME(Ints)
typedef float Floats __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

#define load NAME(load)
#define store NAME(store)
#define splat NAME(splat)
#define minimum NAME(minimum)
#define maximum NAME(maximum)

INLINE Floats load(const float *from) { return *(const Floats *)from; }
INLINE void store(float *to, Floats values) { *(Floats *)to = values; }
INLINE Floats splat(float value) { return value - (Floats){0}; }

#if WIDTH == 16
INLINE Floats minimum(Floats a, Floats b)
{
    return (Floats)_mm512_min_ps((__m512)a, (__m512)b);
}
INLINE Floats maximum(Floats a, Floats b)
{
    return (Floats)_mm512_max_ps((__m512)a, (__m512)b);
}
#define EVENS(a, b)                                                                       \
    SHUFFLE(Ints, a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30)
#define ODDS(a, b)                                                                        \
    SHUFFLE(Ints, a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31)
#define EVEN_QUADS(a, b)                                                                  \
    SHUFFLE(Ints, a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_QUADS(a, b)                                                                   \
    SHUFFLE(Ints, a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#elif WIDTH == 8
INLINE Floats minimum(Floats a, Floats b)
{
    return (Floats)_mm256_min_ps((__m256)a, (__m256)b);
}
INLINE Floats maximum(Floats a, Floats b)
{
    return (Floats)_mm256_max_ps((__m256)a, (__m256)b);
}
#define EVENS(a, b) SHUFFLE(Ints, a, b, 0, 2, 8, 10, 4, 6, 12, 14)
#define ODDS(a, b) SHUFFLE(Ints, a, b, 1, 3, 9, 11, 5, 7, 13, 15)
#define EVEN_QUADS(a, b) SHUFFLE(Ints, a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define ODD_QUADS(a, b) SHUFFLE(Ints, a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
INLINE Floats NAME(select)(Ints mask, Floats yes, Floats no)
{
    return (Floats)(((Ints)yes & mask) | ((Ints)no & ~mask));
}
INLINE Floats minimum(Floats a, Floats b) { return NAME(select)(a < b, a, b); }
INLINE Floats maximum(Floats a, Floats b) { return NAME(select)(a > b, a, b); }
#define EVENS(a, b) SHUFFLE(Ints, a, b, 0, 2, 4, 6)
#define ODDS(a, b) SHUFFLE(Ints, a, b, 1, 3, 5, 7)
#endif

/* Return the sum of each of WIDTH vectors, of which the first n are given, a multiple of
   4. Adjacent floats are added, then adjacent sums, then the groups of four left. */
INLINE Floats NAME(horizontal_sums)(const int n, const Floats *vectors)
{
    Floats quads[WIDTH / 4];
    for (int i = 0; i < WIDTH / 4; i++) {
        const Floats *four = vectors + 4 * i;
        quads[i] = splat(0.0f);
        if (4 * i >= n) continue;
        Floats two = EVENS(four[0], four[1]) + ODDS(four[0], four[1]);
        Floats others = EVENS(four[2], four[3]) + ODDS(four[2], four[3]);
        quads[i] = EVENS(two, others) + ODDS(two, others);
    }
#if WIDTH > 4
    for (int half = WIDTH / 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            quads[i] = EVEN_QUADS(quads[2 * i], quads[2 * i + 1]) +
                       ODD_QUADS(quads[2 * i], quads[2 * i + 1]);
#endif
    return quads[0];
}

/* Return the sum of the first n floats of a vector, or of all if n is larger. */
INLINE double NAME(sum_first)(int n, Floats values)
{
    float floats[WIDTH];
    double sum = 0.0;
    store(floats, values);
    for (int i = 0; i < min(n, WIDTH); i++) sum += (double)floats[i];
    return sum;
}

/* Write the sum of each of n vectors. */
INLINE void NAME(store_sums)(float *to, int n, const Floats *vectors)
{
    for (int i = 0; i < n; i += WIDTH) {
        float sums[WIDTH];
        store(sums, NAME(horizontal_sums)(WIDTH, vectors + i));
        memcpy(to + i, sums, (size_t)min(n - i, WIDTH) * sizeof *sums);
    }
}

/* exp(x), with x clipped to [-87, 87]: 2 to the power of round(x / log(2)), times a
   polynomial of the remainder. The relative error is at most 3e-7. */
INLINE Floats NAME(exponential)(Floats x)
{
    x = maximum(splat(-87.0f), minimum(splat(87.0f), x));
    Floats binary = x * splat(1.44269504f); /* 1 / log(2) */
    Floats rounded = binary + splat(12582912.0f); /* 1.5 * 2**23: rounds */
    Floats rest = binary - (rounded - splat(12582912.0f));
    Floats power = splat(0.00133336f);
    power = power * rest + splat(0.00961813f);
    power = power * rest + splat(0.05550411f);
    power = power * rest + splat(0.24022651f);
    power = power * rest + splat(0.69314718f);
    power = power * rest + splat(1.0f);
    return (Floats)((Ints)power + ((Ints)rounded << 23));
}

/* 1 / (1 + exp(-x)), by Newton's method from a guess with an error of at most 12%. A
   division would take longer than all the rest. */
INLINE Floats NAME(sigmoid)(Floats x)
{
    Floats inverse = splat(1.0f) + NAME(exponential)(-x);
    Floats guess = (Floats)(0x7EF311C7 - (Ints)inverse);
    for (int i = 0; i < 3; i++) guess += guess * (splat(1.0f) - inverse * guess);
    return guess;
}

/* log(1 + exp(x)) = max(x, 0) + 2 artanh(y / (2 + y)) with y = exp(-|x|), by the series
   of artanh. */
INLINE Floats NAME(softplus)(Floats x)
{
    Floats positive = maximum(splat(0.0f), x); /* nan if x is nan */
    Floats y = NAME(exponential)(x - positive - positive);
    Floats ratio = y / (y + splat(2.0f)), square = ratio * ratio;
    Floats series = splat(2.0f / 13);
    for (int power = 11; power > 0; power -= 2)
        series = series * square + splat(2.0f / (float)power);
    return positive + ratio * series;
}

/* Return the dot products of a row with n others; n is a multiple of 4. */
INLINE Floats NAME(n_dots)(
    const int n, const float *row, const float *const *others, int row_length)
{
    Floats sums[WIDTH];
    for (int u = 0; u < n; u++) sums[u] = load(row) * load(others[u]);
    for (int i = WIDTH; i < row_length; i += WIDTH) {
        Floats values = load(row + i);
        for (int u = 0; u < n; u++) sums[u] += values * load(others[u] + i);
    }
    return NAME(horizontal_sums)(n, sums);
}

/* Return the dot products of a row with WIDTH others, of which the first n are used. */
INLINE Floats NAME(dots)(
    int n, const float *row, const float *const *others, int row_length)
{
    if (n <= 4) return NAME(n_dots)(4, row, others, row_length);
#if WIDTH > 8
    if (n <= 8) return NAME(n_dots)(8, row, others, row_length);
    if (n <= 12) return NAME(n_dots)(12, row, others, row_length);
#endif
    return NAME(n_dots)(WIDTH, row, others, row_length);
}

/* The heights of tiles: one that fills the registers, and smaller ones for the rest. */
#if TILE_ROWS > 4
#define TILES TILE(TILE_ROWS) TILE(4) TILE(2) TILE(1)
#else
#define TILES TILE(4) TILE(2) TILE(1)
#endif

/* A tile of a matrix product, in registers, of `n_rows` rows i and `n_vectors` vectors j:
   out[i, j] = sum over m of rows[i][m] * columns[m, j]. */
INLINE void NAME(product_tile)(
    const int n_rows, const int n_vectors, const float *const *rows, int n,
    const float *columns, float *out, int stride)
{
    Floats sums[TILE_ROWS][2];
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < n_vectors; j++)
            sums[i][j] = splat(rows[i][0]) * load(columns + WIDTH * j);
    for (int m = 1; m < n; m++) {
        Floats values[2];
        for (int j = 0; j < n_vectors; j++)
            values[j] = load(columns + (ptrdiff_t)m * stride + WIDTH * j);
        for (int i = 0; i < n_rows; i++)
            for (int j = 0; j < n_vectors; j++)
                sums[i][j] += splat(rows[i][m]) * values[j];
    }
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < n_vectors; j++)
            store(out + (ptrdiff_t)i * stride + WIDTH * j, sums[i][j]);
}

/* out (n_rows, stride) = rows (n_rows, n) @ columns (n, stride) */
INLINE void NAME(product)(
    const float *const *rows, int n_rows, int n, const float *columns, float *out,
    int stride)
{
    for (int j = 0; j < stride; j += 2 * WIDTH) {
        const int is_single = j + WIDTH == stride;
        for (int i = 0; i < n_rows;) {
            float *to = out + (ptrdiff_t)i * stride + j;
#define TILE(N)                                                                           \
    if (n_rows - i >= N) {                                                                \
        if (is_single)                                                                    \
            NAME(product_tile)(N, 1, rows + i, n, columns + j, to, stride);               \
        else                                                                              \
            NAME(product_tile)(N, 2, rows + i, n, columns + j, to, stride);               \
        i += N;                                                                           \
        continue;                                                                         \
    }
            TILES
#undef TILE
        }
    }
}

/* A tile of weighted sums of rows, in registers, of `n_sums` sums i and `n_vectors`
   vectors j:
   out[i, j] = sum over m of weights[i * sum_stride + m * row_stride] * rows[m][j],
   plus out[i, j] if `accumulates`. If `squares` is not NULL, the squares of sum i are
   added to squares[i]. */
INLINE void NAME(sum_tile)(
    const int n_sums, const int n_vectors, const int accumulates, const float *const *rows,
    int n, int j0, const float *weights, ptrdiff_t sum_stride, ptrdiff_t row_stride,
    float *out, int row_length, Floats *squares)
{
    Floats sums[TILE_ROWS][8];
    for (int i = 0; i < n_sums; i++)
        for (int j = 0; j < n_vectors; j++) {
            sums[i][j] = splat(weights[i * sum_stride]) * load(rows[0] + j0 + WIDTH * j);
            if (accumulates)
                sums[i][j] += load(out + (ptrdiff_t)i * row_length + WIDTH * j);
        }
    for (int m = 1; m < n; m++) {
        const float *row = rows[m] + j0;
        for (int i = 0; i < n_sums; i++) {
            Floats weight = splat(weights[i * sum_stride + m * row_stride]);
            for (int j = 0; j < n_vectors; j++) sums[i][j] += weight * load(row + WIDTH * j);
        }
    }
    for (int i = 0; i < n_sums; i++)
        for (int j = 0; j < n_vectors; j++)
            store(out + (ptrdiff_t)i * row_length + WIDTH * j, sums[i][j]);
    for (int i = 0; squares && i < n_sums; i++) {
        Floats even = sums[i][0] * sums[i][0], odd = splat(0.0f);
        for (int j = 1; j < n_vectors; j += 2) odd += sums[i][j] * sums[i][j];
        for (int j = 2; j < n_vectors; j += 2) even += sums[i][j] * sums[i][j];
        squares[i] += even + odd;
    }
}

/* out (n_sums, row_length) = weights (n_sums, n) @ rows (n, row_length); strides as in
   `sum_tile`. */
NOINLINE void NAME(sum_rows)(
    const float *const *rows, int n, const float *weights, ptrdiff_t sum_stride,
    ptrdiff_t row_stride, float *out, int n_sums, int row_length, Floats *squares)
{
    for (int j = 0, n_vectors; j < row_length; j += n_vectors * WIDTH) {
        const int left = (row_length - j) / WIDTH;
        n_vectors = left % 2 ? min(left, TILE_VECTORS) : 2;
        for (int i = 0; i < n_sums;) {
            const float *tile_weights = weights + i * sum_stride;
            float *to = out + (ptrdiff_t)i * row_length + j;
            Floats *tile_squares = squares ? squares + i : NULL;
#define TILE_OF(N, VECTORS)                                                               \
    NAME(sum_tile)                                                                        \
    (N, VECTORS, 0, rows, n, j, tile_weights, sum_stride, row_stride, to, row_length,     \
     tile_squares)
#define TILE(N)                                                                           \
    if (n_sums - i >= N) {                                                                \
        if (n_vectors == 1)                                                               \
            TILE_OF(N, 1);                                                                \
        else if (n_vectors == 2)                                                          \
            TILE_OF(N, 2);                                                                \
        else                                                                              \
            TILE_OF(N, TILE_VECTORS);                                                     \
        i += N;                                                                           \
        continue;                                                                         \
    }
            TILES
#undef TILE
#undef TILE_OF
        }
    }
}

/* columns (row_length, n) = n rows transposed, in blocks of 4 x 4. */
NOINLINE void NAME(transpose)(
    const float *const *rows, int n, int row_length, float *columns)
{
    for (int i = 0; i < n; i += 4)
        for (int j = 0; j < row_length; j += 4) {
            float *to = columns + (ptrdiff_t)j * n + i;
            Quad a = *(const Quad *)(rows[i] + j), b = *(const Quad *)(rows[i + 1] + j);
            Quad c = *(const Quad *)(rows[i + 2] + j), d = *(const Quad *)(rows[i + 3] + j);
            Quad ab = SHUFFLE(QuadMask, a, b, 0, 4, 1, 5);
            Quad cd = SHUFFLE(QuadMask, c, d, 0, 4, 1, 5);
            *(Quad *)to = SHUFFLE(QuadMask, ab, cd, 0, 1, 4, 5);
            *(Quad *)(to + n) = SHUFFLE(QuadMask, ab, cd, 2, 3, 6, 7);
            ab = SHUFFLE(QuadMask, a, b, 2, 6, 3, 7);
            cd = SHUFFLE(QuadMask, c, d, 2, 6, 3, 7);
            *(Quad *)(to + 2 * (ptrdiff_t)n) = SHUFFLE(QuadMask, ab, cd, 0, 1, 4, 5);
            *(Quad *)(to + 3 * (ptrdiff_t)n) = SHUFFLE(QuadMask, ab, cd, 2, 3, 6, 7);
        }
}

/* The scores of n tokens with the noise words of their group, and the derivatives of the
   loss by them: sigmoid(score) times a weight (Mikolov et al. 2013, equation 4). Together, the
   noise words of a group weigh as much as `negative` noise words for each pair. */
NOINLINE void NAME(noise_errors)(
    const Chunk *chunk, const Workspace *work, int first, int n, double *loss)
{
    const int stride = work->noise_stride;
    float *errors = work->noise_errors + (first % chunk->group_length) * stride;
    NAME(product)(
        work->centers + first, n, chunk->vector_size, work->noise_columns, errors, stride);
    for (int i = 0; i < n; i++) {
        Floats weight = splat(work->pair_weights[first + i] * chunk->noise_weight);
        for (int k = 0; k < stride; k += WIDTH) {
            float *to = errors + i * stride + k;
            Floats scores = load(to);
            if (loss)
                *loss += NAME(sum_first)(
                    chunk->n_noise - k, weight * NAME(softplus)(scores));
            store(to, weight * NAME(sigmoid)(scores));
        }
    }
}

/* The same for n tokens and their contexts, where the loss of a score is
   log(1 + exp(-score)) times a weight. */
NOINLINE void NAME(pair_errors)(
    const Chunk *chunk, const Workspace *work, int first, int n, double *loss)
{
    for (int i = first; i < first + n; i++) {
        const Range near = contexts_of(chunk, work, i);
        const int n_near = near.last - near.first + 1;
        const int offset = near.first - i; /* from -reach */
        const float *const *contexts = work->contexts + near.first;
        float *errors = work->pair_errors + (ptrdiff_t)i * work->pair_stride + offset;
        for (int q = 0; q < n_near; q += WIDTH) {
            Floats weights = load(chunk->weights_by_offset + offset + q);
            Floats scores = NAME(dots)(
                n_near - q, work->centers[i], contexts + q, chunk->row_length);
            if (loss)
                *loss += NAME(sum_first)(
                    n_near - q, weights * NAME(softplus)(-scores));
            store(errors + q, -weights * NAME(sigmoid)(-scores));
        }
    }
}

/* The gradients that pairs give to n rows, for `n_vectors` SIMD vectors from column j on:
   for a center a sum over its contexts, added to its gradient from noise words; for a
   context a sum over the tokens whose windows contain it. */
INLINE void NAME(pair_strip)(
    const int n_vectors, const Chunk *chunk, const Workspace *work, const Slot *slot,
    int matrix, int first, int n, int j, Floats *squares)
{
    const ptrdiff_t stride = work->pair_stride;
    float *gradients = slot->gradients[matrix] + j;
    for (int i = first; i < first + n; i++) {
        float *gradient = gradients + (ptrdiff_t)i * chunk->row_length;
        if (matrix == CENTERS) {
            const Range near = contexts_of(chunk, work, i);
            NAME(sum_tile)(
                1, n_vectors, 1, work->contexts + near.first, near.last - near.first + 1, j,
                work->pair_errors + i * stride + near.first - i, 0, 1, gradient, 0,
                squares + i - first);
        } else {
            const Range near = tokens_of(chunk, work, i);
            if (near.first > near.last) continue;
            NAME(sum_tile)(
                1, n_vectors, 0, work->centers + near.first, near.last - near.first + 1, j,
                work->pair_errors + near.first * (stride - 1) + i, 0, stride - 1, gradient,
                0, squares + i - first);
        }
    }
}

/* The gradients that pairs give to n rows of a matrix, at most BLOCK. */
NOINLINE void NAME(pair_gradients)(
    const Chunk *chunk, const Workspace *work, const Slot *slot, int matrix, int first,
    int n)
{
    Floats squares[BLOCK];
    for (int i = 0; i < BLOCK; i++) squares[i] = splat(0.0f);
    for (int j = 0, n_vectors; j < chunk->row_length; j += n_vectors * WIDTH) {
        const int left = (chunk->row_length - j) / WIDTH;
        n_vectors = left <= 8 ? left : left < 16 ? left / 2 : 8;
        switch (n_vectors) {
#define STRIP(N)                                                                          \
    case N:                                                                               \
        NAME(pair_strip)(N, chunk, work, slot, matrix, first, n, j, squares);             \
        break;
            STRIP(1) STRIP(2) STRIP(3) STRIP(4) STRIP(5) STRIP(6) STRIP(7) STRIP(8)
#undef STRIP
        }
    }
    NAME(store_sums)(slot->squares[matrix] + first, n, squares);
}

/* The gradients of the noise words of a group, from all tokens of the group. */
NOINLINE void NAME(noise_gradients)(
    const Chunk *chunk, const Workspace *work, const Slot *slot, int group)
{
    const int T = chunk->group_length, K = chunk->n_noise;
    const int first = part_length(chunk) + 2 * chunk->reach + group * K;
    const float *const *centers = work->centers + group * T;
    for (int k = 0; k < K; k += MAX_WIDTH) {
        const int n = min(MAX_WIDTH, K - k);
        Floats squares[MAX_WIDTH];
        for (int i = 0; i < MAX_WIDTH; i++) squares[i] = splat(0.0f);
        NAME(sum_rows)(
            centers, T, work->noise_errors + k, 1, work->noise_stride,
            slot->gradients[CONTEXTS] + (ptrdiff_t)(first + k) * chunk->row_length, n,
            chunk->row_length, squares);
        NAME(store_sums)(slot->squares[CONTEXTS] + first + k, n, squares);
    }
}

/* Compute the gradients of the rows of a part, and its loss if `with_loss`. */
static void NAME(differentiate)(
    const Chunk *chunk, int64_t part, const Workspace *work, const Slot *slot,
    int with_loss)
{
    const int row_length = chunk->row_length, n = part_length(chunk);
    const int T = chunk->group_length, K = chunk->n_noise, reach = chunk->reach;
    double loss = 0.0, *sum = with_loss ? &loss : NULL;
    for (int i = 0, n_block; i < n; i += n_block) {
        const int position = i % T; /* in the group */
        const float *const *noise = work->noise + i / T * work->noise_stride;
        if (position == 0)
            NAME(transpose)(noise, work->noise_stride, row_length, work->noise_columns);
        n_block = min(BLOCK, T - position);
        for (int t = i; t < min(i + n_block, n - PREFETCH_DISTANCE); t++) {
            prefetch_row(work->centers[t + PREFETCH_DISTANCE], row_length);
            prefetch_row(work->contexts[t + PREFETCH_DISTANCE + 2 * reach], row_length);
        }
        if (i + T < n)
            for (int k = position * K / T; k < (position + n_block) * K / T; k++)
                prefetch_row(noise[work->noise_stride + k], row_length);

        NAME(noise_errors)(chunk, work, i, n_block, sum);
        NAME(pair_errors)(chunk, work, i, n_block, sum);
        if (!chunk->trains) continue;
        NAME(sum_rows)(
            noise, K, work->noise_errors + position * work->noise_stride,
            work->noise_stride, 1, slot->gradients[CENTERS] + (ptrdiff_t)i * row_length,
            n_block, row_length, NULL);
        NAME(pair_gradients)(chunk, work, slot, CENTERS, i, n_block);
        /* No later token has these contexts. */
        NAME(pair_gradients)(chunk, work, slot, CONTEXTS, i, n_block);
        if (position + n_block == T) NAME(noise_gradients)(chunk, work, slot, i / T);
    }
    for (int i = n; chunk->trains && i < n + 2 * reach; i += BLOCK)
        NAME(pair_gradients)(
            chunk, work, slot, CONTEXTS, i, min(BLOCK, n + 2 * reach - i));
    chunk->losses[part] = loss;
}

/* Move the rows of a shard by their gradients, a row as often as it was used: by AdaGrad
   (Duchi et al. 2011) with one accumulator per row, or by plain gradient descent. */
static void NAME(descend)(const Chunk *chunk, int64_t step, int matrix, int shard)
{
    const int row_length = chunk->row_length, n_parts = n_parts_of(chunk, step);
    float *rows = chunk->matrices[matrix], *squares = chunk->squares[matrix];
    const float rate = chunk->learning_rates[step];
    /* The learning rate over the root of the mean square. */
    const float factor = squares ? rate * sqrtf((float)chunk->vector_size) : rate;
    const int64_t slot_stride = slot_length(chunk);
    Slot slot = first_slot(chunk);
    for (int part = 0; squares && part < n_parts; part++) {
        const Entry *entries = slot.entries[matrix];
        const int32_t *bounds = slot.shards[matrix] + shard;
        for (int e = bounds[0]; e < bounds[1]; e++)
            squares[entries[e].word] += slot.squares[matrix][entries[e].gradient_row];
        slot = slot_after(slot, slot_stride);
    }
    slot = first_slot(chunk);
    for (int part = 0; part < n_parts; part++) {
        const Entry *entries = slot.entries[matrix];
        const int32_t *bounds = slot.shards[matrix] + shard;
        for (int e = bounds[0]; e < bounds[1]; e++) {
            const int64_t word = entries[e].word;
            const float *gradient = slot.gradients[matrix] +
                                    (int64_t)entries[e].gradient_row * row_length;
            float *row = rows + word * row_length;
            const Floats length = splat(squares ? factor / sqrtf(squares[word]) : factor);
            for (int i = 0; i < row_length; i += WIDTH)
                store(row + i, load(row + i) - length * load(gradient + i));
        }
        slot = slot_after(slot, slot_stride);
    }
}

#undef Floats
#undef Ints
#undef load
#undef store
#undef splat
#undef minimum
#undef maximum
#undef EVENS
#undef ODDS
#undef EVEN_QUADS
#undef ODD_QUADS
#undef TILES
#undef WIDTH
#undef NAME
#undef TILE_ROWS
#undef TILE_VECTORS
