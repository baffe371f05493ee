#include "fathom/base/program.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fathom {
namespace {

std::string read_to_end(int fd) {
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(chunk, static_cast<size_t>(n));
  }
}

// Starts the program; its process id.
Result<pid_t> start(std::vector<std::string> arguments, int output, int errors) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Error{arguments[0] + ": " + std::strerror(failed)};
  return child;
}

}  // namespace

Result<ProgramEnd> run_program(std::vector<std::string> arguments) {
  const std::string program = arguments[0];
  // A file, so that a program that complains at length does not wait for us to read it.
  const std::unique_ptr<FILE, int (*)(FILE*)> errors(std::tmpfile(), std::fclose);
  int ends[2];
  if (errors == nullptr || ::pipe2(ends, O_CLOEXEC) != 0)
    return Error{program + ": " + std::strerror(errno)};
  const Result<pid_t> child = start(std::move(arguments), ends[1], ::fileno(errors.get()));
  ::close(ends[1]);
  ProgramEnd end;
  if (child.ok()) end.output = read_to_end(ends[0]);
  ::close(ends[0]);
  if (!child.ok()) return child.error();
  while (::waitpid(child.value(), &end.wait_status, 0) < 0 && errno == EINTR) {
  }
  ::lseek(::fileno(errors.get()), 0, SEEK_SET);
  end.errors = read_to_end(::fileno(errors.get()));
  return end;
}

}  // namespace fathom
