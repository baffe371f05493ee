#include "interrupt.h"

#include <csignal>
#include <initializer_list>

namespace fathom {
namespace {

volatile std::sig_atomic_t was_interrupted = 0;

void on_signal(int) { was_interrupted = 1; }

}  // namespace

void catch_interrupt() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

bool interrupted() { return was_interrupted != 0; }

}  // namespace fathom
