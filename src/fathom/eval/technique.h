// A technique: what of a session is compared while all else stays equal.
#pragma once

#include <string>

#include "fathom/engine/engine.h"

namespace fathom {

struct Technique {
  // As they were given, for people and for files.
  std::string attn = "model";
  std::string kv = "keep";
  std::string kv_split = "uniform";
  std::string rope = "auto";
  // The same, read. Its context and chunk are not the technique's: a Subject sets them.
  SessionOptions options;

  // What differs from the model's own: "window(size=1024), q4; snapkv(budget=0.1)", or "full".
  std::string label() const;
};

}  // namespace fathom
