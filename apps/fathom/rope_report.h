// What `fathom rope` shows: for each kind of layer, what a scaling does to each pair of elements
// that turn together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fathom/model/spec.h"

namespace fathom {

// Layers with one RoPE and one window.
struct RopeLayers {
  std::vector<size_t> layers;
  std::optional<size_t> window;
  RopeFacts facts;
  RopeSpec plain;   // without any scaling
  RopeSpec scaled;  // in force
};

struct RopeReport {
  std::string model;            // as the user named it
  std::string asked;            // the specification
  std::string in_force;         // settled, for people
  size_t trained = 0;           // tokens
  size_t context = 0;           // for which it is settled
  std::optional<size_t> reach;  // none: whatever the context
  std::vector<std::string> notes;
  std::vector<RopeLayers> kinds;
};

// `model` has the RoPE that is to be shown.
std::vector<RopeLayers> rope_kinds(const ModelSpec& model);

std::string to_text(const RopeReport& report);
nlohmann::ordered_json to_json(const RopeReport& report);
// Wavelengths in force against those without scaling.
std::string to_svg(const RopeReport& report);

}  // namespace fathom
