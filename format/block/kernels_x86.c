/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/kernels_impl.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2        __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX2_INLINE AVX2 VFT_INLINE

/* The seven bits of each byte that are the value's. */
#define VALUE_BITS 0x7f7f7f7f7f7f7f7full

AVX2_INLINE __m256i load32(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

AVX2_INLINE void store32(void *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

/* Eight bytes as eight numbers of 32 bits. */
AVX2_INLINE __m256i widen(const uint8_t *p)
{
	return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

AVX2_INLINE __m256i unzigzag(__m256i v)
{
	__m256i sign = _mm256_and_si256(v, _mm256_set1_epi32(1));

	return _mm256_xor_si256(_mm256_srli_epi32(v, 1),
				_mm256_sub_epi32(_mm256_setzero_si256(), sign));
}

/* Running sums of eight one-byte zigzag values; *last is what came before, and becomes the last. */
AVX2_INLINE __m256i sums(const uint8_t *p, __m256i *last)
{
	__m256i v = unzigzag(widen(p));

	v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
	v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
	/* The lower half's sum goes to all of the upper half. */
	v = _mm256_add_epi32(v, _mm256_shuffle_epi32(_mm256_permute2x128_si256(v, v, 0x08), 0xff));
	v = _mm256_add_epi32(v, *last);
	*last = _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(7));
	return v;
}

AVX2_INLINE void store_as_64(uint64_t *out, __m256i v, __m256i base)
{
	__m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(v));
	__m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(v, 1));

	store32(out, _mm256_add_epi64(base, low));
	store32(out + 4, _mm256_add_epi64(base, high));
}

AVX2_INLINE void emit_delta32(struct run *run, size_t k, const uint8_t *p)
{
	__m256i last = _mm256_set1_epi32((int)(uint32_t)run->last);

	/* 64 steps of at most 64 each cannot leave the 32 bits from here. */
	if (VFT_LIKELY(run->last >= 4096 && run->last < UINT32_MAX - 4096)) {
		for (unsigned int i = 0; i < 64; i += 8)
			store32(run->out32 + k + i, sums(p + i, &last));
		run->last = run->out32[k + 63];
		return;
	}
	for (unsigned int i = 0; i < 64; i++)
		emit(OP_DELTA32, run, k + i, p[i]);
}

AVX2_INLINE void emit_delta64(struct run *run, size_t k, const uint8_t *p)
{
	__m256i last = _mm256_setzero_si256();
	__m256i base = _mm256_set1_epi64x((long long)run->last);

	for (unsigned int i = 0; i < 64; i += 8)
		store_as_64(run->out64 + k + i, sums(p + i, &last), base);
	run->last = run->out64[k + 63];
}

/* 64 values of one byte each, the most frequent case by far. */
AVX2_INLINE void emit64(enum operation op, struct run *run, size_t k, const uint8_t *p)
{
	const __m256i zero = _mm256_setzero_si256();

	switch (op) {
	case OP_UINT32:
		for (unsigned int i = 0; i < 64; i += 8)
			store32(run->out32 + k + i, widen(p + i));
		break;
	case OP_SINT32:
		for (unsigned int i = 0; i < 64; i += 8)
			store32(run->out32 + k + i, unzigzag(widen(p + i)));
		break;
	case OP_UINT64:
		for (unsigned int i = 0; i < 64; i += 8)
			store_as_64(run->out64 + k + i, widen(p + i), zero);
		break;
	case OP_SINT64:
		for (unsigned int i = 0; i < 64; i += 8)
			store_as_64(run->out64 + k + i, unzigzag(widen(p + i)), zero);
		break;
	case OP_DELTA32:
		emit_delta32(run, k, p);
		break;
	case OP_DELTA64:
		emit_delta64(run, k, p);
		break;
	case OP_CHECK:
		break;
	}
}

/* Bit i: byte i ends a varint. */
AVX2_INLINE uint64_t stops_of(const uint8_t *p, size_t left)
{
	uint64_t low = (uint32_t)_mm256_movemask_epi8(load32(p));
	uint64_t high = (uint32_t)_mm256_movemask_epi8(load32(p + 32));

	return _bzhi_u64(~(low | high << 32), left < 64 ? (unsigned int)left : 64);
}

AVX2_INLINE bool avx2(enum operation op, const uint8_t *p, size_t size, size_t n, struct run *run)
{
	size_t k = 0, begin = 0; /* of the varint at hand */

	for (size_t at = 0; at < size; at += 64) {
		uint64_t stops = stops_of(p + at, size - at);

		if (k + (size_t)_mm_popcnt_u64(stops) > n)
			return false;
		if (stops == UINT64_MAX && begin == at) {
			emit64(op, run, k, p + at);
			k += 64;
			begin += 64;
			continue;
		}
		while (stops) {
			size_t end = at + (size_t)_tzcnt_u64(stops) + 1, bytes = end - begin;
			uint64_t v;

			stops = _blsr_u64(stops);
			memcpy(&v, p + begin, 8);
			v = _pext_u64(_bzhi_u64(v, (unsigned int)(8 * bytes)), VALUE_BITS);
			if (VFT_UNLIKELY(bytes > 8))
				v = long_varint(p + begin, bytes, &run->bad);
			begin = end;
			emit(op, run, k++, v);
		}
	}
	return k == n && begin == size && !run->bad;
}

AVX2 static size_t avx2_count(const uint8_t *p, size_t size)
{
	size_t n = 0;

	for (size_t at = 0; at < size; at += 64)
		n += (size_t)_mm_popcnt_u64(stops_of(p + at, size - at));
	return n;
}

VFT_KERNEL_SET(AVX2, avx2)

static const struct vft_kernels table = VFT_KERNEL_TABLE(avx2);

const struct vft_kernels *vft_kernels_x86(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
			       __builtin_cpu_supports("popcnt")
		       ? &table
		       : NULL;
}
#endif
