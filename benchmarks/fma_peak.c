/* Peak of fused multiply-adds in single precision, one thread: prints GFLOP/s of CPU time.
   Twelve independent accumulators of the widest register hide the latency of the instruction. */
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
enum { WIDTH = 16 };
#elif defined(__AVX__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
typedef float lanes __attribute__((vector_size(4 * WIDTH)));
enum { CHAINS = 12, STEPS = 20000000, ROUNDS = 5 };

int main(void) {
    volatile float seed = 1.0f; /* unknown to the compiler, so that nothing is computed in advance */
    lanes acc[CHAINS], a, b;
    double best = 0;
    float sum = 0;
    for (int i = 0; i < WIDTH; i++) {
        a[i] = 0.999999f * seed;
        b[i] = 1e-6f * seed;
    }
    for (int c = 0; c < CHAINS; c++) acc[c] = a + (float)c;
    for (int round = 0; round < ROUNDS; round++) {
        clock_t start = clock();
        for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
            for (int c = 0; c < CHAINS; c++) acc[c] = acc[c] * a + b;
        }
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        double rate = 2.0 * WIDTH * CHAINS * STEPS / seconds * 1e-9;
        if (rate > best) best = rate;
    }
    for (int c = 0; c < CHAINS; c++)
        for (int i = 0; i < WIDTH; i++) sum += acc[c][i];
    printf("%.2f %g\n", best, sum);
    return 0;
}
