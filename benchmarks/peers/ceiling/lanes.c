/* The engine's step and driver in explicit vectors: what a C compiler makes of the same lanes and the same method.

   One patient sits in each lane and has its own time, step, events and visits, as in lanes.py and rosenbrock.py, whose
   constants stand above as TABLEAU. Rules and frozen steps are left out: the benchmark has fixed events. */

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <xmmintrin.h>

typedef double_or_single real;
typedef real vector __attribute__((vector_size(sizeof(real) * LANES)));
typedef whole_number whole __attribute__((vector_size(sizeof(real) * LANES)));

#define FOR_STATES for (int i = 0; i < STATES; i++)
#define SELECT(mask, a, b) ((vector)(((whole)(a) & (mask)) | ((whole)(b) & ~(mask))))
#define KERNEL static __attribute__((noinline)) void
#define INLINE static inline __attribute__((always_inline))

enum { SOLVED, STEP_TOO_SMALL, TOO_MANY_STEPS, NOT_FINITE };

INLINE vector all(real x) { return x - (vector){}; }
INLINE vector larger(vector a, vector b) { return SELECT(a > b, a, b); }
INLINE vector size_of(vector a) { return SELECT(a < 0, -a, a); }
INLINE vector reciprocal(vector a) { return (real)1 / a; }
INLINE vector positive_part(vector a) { return SELECT(a < 0, all(0), a); }
INLINE vector is_positive(vector a) { return SELECT(a > 0, all(1), all(0)); }

#if IS_DOUBLE
#define DIGITS 52
#define MOST 708.0
#define TERMS 13
#define LOW 1.90821492927058770002e-10
#define HIGH 0.693147180369123816490
#define CENTRE 0x3FE6A09E667F3BCDLL
#define TOP 19
#else
#define DIGITS 23
#define MOST 87.0f
#define TERMS 7
#define LOW -2.12194440e-4f
#define HIGH 0.693359375f
#define CENTRE 0x3F3504F3
#define TOP 9
#endif

/* rounded through whole numbers: the compiler may undo the addition of a large number under -ffast-math */
INLINE vector exponential(vector x) {
  vector limited = SELECT(x < -MOST, all(-MOST), x);
  limited = SELECT(limited > MOST, all(MOST), limited);
  whole times = __builtin_convertvector(limited * (real)1.4426950408889634 + (real)1024.5, whole) - 1024;
  vector count = __builtin_convertvector(times, vector);
  vector rest = (limited - count * (real)HIGH) - count * (real)LOW;
  real factorial = 1;
  for (int term = 2; term <= TERMS; term++) factorial *= term;
  vector total = all(1 / factorial);
  for (int term = TERMS - 1; term >= 0; term--) {
    factorial /= term + 1;
    total = total * rest + 1 / factorial;
  }
  vector result = (vector)((whole)total + (times << DIGITS));
  return SELECT(x < -MOST, all(0), result);
}

INLINE vector logarithm(vector x) {
  whole bits = (whole)x, exponent = (bits - CENTRE) >> DIGITS;
  vector rest = (vector)(bits - (exponent << DIGITS));
  vector power = __builtin_convertvector(exponent, vector);
  vector ratio = (rest - 1) / (rest + 1), square = ratio * ratio, total = all((real)2 / TOP);
  for (int odd = TOP - 2; odd > 0; odd -= 2) total = total * square + (real)2 / odd;
  return power * (real)0.6931471805599453 + total * ratio;
}

INLINE vector raised(vector a, vector exponent) {
  whole is_above = a > 0;
  vector found = exponential(exponent * logarithm(SELECT(is_above, a, all(1))));
  return SELECT(is_above, found, all(0));
}

#define NEVER 1e300
#define EMPTY (-((int64_t)1 << 62))

/* KERNELS: fill_constants, matrix, factorise, stage and outputs of one model */
#include "kernels.h"

static __attribute__((noinline)) vector step(const vector *restrict y, const vector *restrict c, vector h,
    vector *restrict new, const real *restrict absolute, real relative) {
  vector a[ENTRIES], u1[STATES], u2[STATES], u3[STATES], u4[STATES], u5[STATES], u6[STATES];
  vector per_h = reciprocal(h), c1, c2, c3, c4, c5;
  matrix(y, c, reciprocal(h * (real)GAMMA), a, u1);
  factorise(a, u1);
  c1 = per_h * (real)C21;
  FOR_STATES {
    new[i] = y[i] + (real)A21 * u1[i];
    u2[i] = c1 * u1[i];
  }
  stage(new, c, a, u2);
  c1 = per_h * (real)C31, c2 = per_h * (real)C32;
  FOR_STATES {
    new[i] = y[i] + (real)A31 * u1[i] + (real)A32 * u2[i];
    u3[i] = c1 * u1[i] + c2 * u2[i];
  }
  stage(new, c, a, u3);
  c1 = per_h * (real)C41, c2 = per_h * (real)C42, c3 = per_h * (real)C43;
  FOR_STATES {
    new[i] = y[i] + (real)A41 * u1[i] + (real)A42 * u2[i] + (real)A43 * u3[i];
    u4[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i];
  }
  stage(new, c, a, u4);
  c1 = per_h * (real)C51, c2 = per_h * (real)C52, c3 = per_h * (real)C53, c4 = per_h * (real)C54;
  FOR_STATES {
    new[i] = y[i] + (real)A51 * u1[i] + (real)A52 * u2[i] + (real)A53 * u3[i] + (real)A54 * u4[i];
    u5[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i] + c4 * u4[i];
  }
  stage(new, c, a, u5);
  c1 = per_h * (real)C61, c2 = per_h * (real)C62, c3 = per_h * (real)C63, c4 = per_h * (real)C64;
  c5 = per_h * (real)C65;
  FOR_STATES {
    new[i] += u5[i];
    u6[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i] + c4 * u4[i] + c5 * u5[i];
  }
  stage(new, c, a, u6);
  vector total = all(0);
  FOR_STATES {
    new[i] += u6[i];
    vector ratio = u6[i] / (absolute[i] + relative * larger(size_of(y[i]), size_of(new[i])));
    total += ratio * ratio;
  }
  vector mean = total / (real)STATES;
  for (int lane = 0; lane < LANES; lane++) mean[lane] = sizeof(real) == 8 ? sqrt(mean[lane]) : sqrtf(mean[lane]);
  return mean;
}

/* one step in every lane: y moves on where the error is at most 1, and stays elsewhere */
static __attribute__((noinline)) void advance(vector *restrict y, const vector *restrict c, const vector *step_days,
    const real *absolute, real relative, vector *error, vector *growth) {
  vector new[STATES];
  vector size = step(y, c, step_days[0], new, absolute, relative);
  vector root = larger(size, all((real)1e-12));
  for (int lane = 0; lane < LANES; lane++) root[lane] = sizeof(real) == 8 ? sqrt(sqrt(root[lane])) : sqrtf(sqrtf(root[lane]));
  vector suggested = larger((real)0.9 / root, all((real)0.15));
  error[0] = size;
  growth[0] = SELECT(suggested > 8, all(8), suggested);
  whole is_taken = size <= 1;
  FOR_STATES y[i] = SELECT(is_taken, new[i], y[i]);
}

void simulate(int64_t n_patients, const double *parameters, const double *initial, const double *times,
    int64_t n_visits, const int64_t *event_start, const double *event_day, const int64_t *event_state,
    const double *event_factor, const double *event_amount, const double *absolute_, double relative, int64_t max_steps,
    double *values, int64_t *status, int64_t *steps) {
  unsigned before = _mm_getcsr();
  if (!IS_DOUBLE) _mm_setcsr(before | 0x8040);
  vector y[STATES], c[CONSTANTS], o[OUTPUTS], queue_p[PARAMETERS], queue_c[CONSTANTS], step_days, error, growth;
  real absolute[STATES];
  int64_t patient[LANES], visit[LANES], event[LANES], taken[LANES];
  double day[LANES], planned[LANES], target[LANES];
  int is_there[LANES], is_last[LANES], n_living = 0, is_open = 1;
  int64_t next = 0, queue_first = 0, queue_at = 0, queue_end = 0;
  memset(y, 0, sizeof y), memset(c, 0, sizeof c), memset(queue_p, 0, sizeof queue_p);
  FOR_STATES absolute[i] = absolute_[i];
  for (int lane = 0; lane < LANES; lane++) {
    patient[lane] = -1, is_there[lane] = 0, step_days[lane] = FIRST_STEP_DAYS;
    is_last[lane] = 0, day[lane] = 0, planned[lane] = FIRST_STEP_DAYS, target[lane] = NEVER, taken[lane] = EMPTY;
  }
  for (;;) {
    for (int lane = 0; lane < LANES; lane++) {
      if (patient[lane] >= 0 || !is_open) continue;
      if (queue_at == queue_end) {
        queue_first = queue_at = next, next += LANES;
        queue_end = queue_first + LANES < n_patients ? queue_first + LANES : n_patients;
        if (queue_at < queue_end) {
          for (int place = 0; place < queue_end - queue_first; place++)
            for (int i = 0; i < PARAMETERS; i++)
              ((real *)queue_p)[i * LANES + place] = parameters[(queue_first + place) * PARAMETERS + i];
          fill_constants(queue_p, queue_c);
        } else
          queue_end = queue_at, is_open = 0;
      }
      if (queue_at < queue_end) {
        int64_t row = queue_at;
        for (int i = 0; i < CONSTANTS; i++)
          ((real *)c)[i * LANES + lane] = ((real *)queue_c)[i * LANES + row - queue_first];
        FOR_STATES ((real *)y)[i * LANES + lane] = initial[row * STATES + i];
        queue_at++, patient[lane] = row, visit[lane] = 0, event[lane] = event_start[row], taken[lane] = 0;
        day[lane] = 0, planned[lane] = FIRST_STEP_DAYS, is_there[lane] = 1, n_living++;
      }
    }
    if (!n_living) break;
    int is_visit = 0, n_ended = 0;
    for (int lane = 0; lane < LANES; lane++)
      if (is_there[lane] && times[patient[lane] * n_visits + visit[lane]] <= day[lane] + SAME_DAY) is_visit = 1;
    if (is_visit) outputs(y, c, o);
    for (int lane = 0; lane < LANES; lane++) {
      if (!is_there[lane]) continue;
      int64_t row = patient[lane];
      double now = day[lane];
      while (visit[lane] < n_visits && times[row * n_visits + visit[lane]] <= now + SAME_DAY) {
        double *to = values + (row * n_visits + visit[lane]) * (OUTPUTS + STATES);
        for (int k = 0; k < OUTPUTS; k++) to[k] = ((real *)o)[k * LANES + lane];
        FOR_STATES to[OUTPUTS + i] = ((real *)y)[i * LANES + lane];
        visit[lane]++;
      }
      while (event[lane] < event_start[row + 1] && event_day[event[lane]] <= now + SAME_DAY) {
        real *state = (real *)y + event_state[event[lane]] * LANES + lane;
        *state = (real)(event_factor[event[lane]] * *state + event_amount[event[lane]]);
        event[lane]++;
        planned[lane] = FIRST_STEP_DAYS;
      }
      is_there[lane] = 0;
      if (visit[lane] == n_visits) {
        status[row] = SOLVED, steps[row] = taken[lane], patient[lane] = -1, n_ended++;
        taken[lane] = EMPTY, planned[lane] = FIRST_STEP_DAYS, target[lane] = NEVER;
      } else {
        double soonest = times[row * n_visits + visit[lane]];
        if (event[lane] < event_start[row + 1] && event_day[event[lane]] < soonest) soonest = event_day[event[lane]];
        target[lane] = soonest;
      }
    }
    int is_waited_for = n_ended == 0;
    while (is_waited_for) {
      for (int lane = 0; lane < LANES; lane++) {
        double left = target[lane] - day[lane], wanted = planned[lane];
        int lands = wanted * 1.0001 >= left;
        double shorter = 2 * wanted > left ? 0.5 * left : wanted;
        is_last[lane] = lands, step_days[lane] = lands ? left : shorter;
      }
      advance(y, c, &step_days, absolute, relative, &error, &growth);
      int n_arrived = 0, n_odd = 0;
      for (int lane = 0; lane < LANES; lane++) {
        double now = step_days[lane], before = planned[lane], suggested = now * growth[lane];
        int fine = error[lane] <= 1;
        suggested = suggested < LONGEST_STEP_DAYS ? suggested : LONGEST_STEP_DAYS;
        suggested = fine & is_last[lane] & (now < before) & (suggested < before) ? before : suggested;
        planned[lane] = suggested;
        double reached = is_last[lane] ? target[lane] : day[lane] + now;
        day[lane] = fine ? reached : day[lane];
        taken[lane]++;
        is_there[lane] = fine & is_last[lane];
        n_arrived += fine & is_last[lane];
        n_odd += (!fine & (suggested < SHORTEST_STEP_DAYS)) | (taken[lane] >= max_steps);
      }
      if (n_odd)
        for (int lane = 0; lane < LANES; lane++) {
          if (patient[lane] < 0 || is_there[lane]) continue;
          int too_short = !(error[lane] <= 1) && planned[lane] < SHORTEST_STEP_DAYS;
          if (!too_short && taken[lane] < max_steps) continue;
          status[patient[lane]] = too_short ? STEP_TOO_SMALL : TOO_MANY_STEPS, steps[patient[lane]] = taken[lane];
          patient[lane] = -1, taken[lane] = EMPTY, planned[lane] = FIRST_STEP_DAYS, target[lane] = NEVER, n_ended++;
        }
      is_waited_for = !n_arrived && !n_ended;
    }
    n_living -= n_ended;
  }
  _mm_setcsr(before);
}
