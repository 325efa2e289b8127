// MINNORM_WIDE: a function is compiled for wider vectors, too, and the processor chooses when running.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define MINNORM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define MINNORM_WIDE
#endif
