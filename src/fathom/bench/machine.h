// The suite `machine`: the ceilings themselves, on one core and on all.
#pragma once

#include "fathom/bench/ceilings.h"
#include "fathom/bench/figure.h"

namespace fathom {

void bench_machine(const BenchRun& run, const FigureFn& each);

}  // namespace fathom
