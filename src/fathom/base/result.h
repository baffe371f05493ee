// Errors that come from outside the program (files, flags, text) travel as values.
//
// Result<T> holds a T or an Error; Status is Result<void>. An Error is one line for a person: it
// names the file, key, offset or flag at fault and says what would be valid. Programmer errors are
// assertions, never an Error.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace fathom {

struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    assert(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

}  // namespace fathom

#define FATHOM_CONCAT_INNER(a, b) a##b
#define FATHOM_CONCAT(a, b) FATHOM_CONCAT_INNER(a, b)

// FATHOM_TRY(auto x, f()): x is f()'s value, or this function returns f()'s error.
#define FATHOM_TRY(declaration, expression) \
  FATHOM_TRY_AS(FATHOM_CONCAT(fathom_result_, __LINE__), declaration, expression)
#define FATHOM_TRY_AS(result, declaration, expression) \
  auto result = (expression);                          \
  if (!result.ok()) return std::move(result).error();  \
  declaration = std::move(result).value()

// FATHOM_CHECK(f()): returns f()'s error from this function, if it has one.
#define FATHOM_CHECK(expression)                           \
  do {                                                     \
    auto fathom_status = (expression);                     \
    if (!fathom_status.ok()) return fathom_status.error(); \
  } while (false)
