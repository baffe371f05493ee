// Pictures as PNG files, by rsvg-convert (Debian's librsvg2-bin) where it is installed.
#pragma once

#include <string>

#include "fathom/base/result.h"

namespace fathom {

// Draws an SVG file at twice its size. False: there is no rsvg-convert on PATH. Error: it failed;
// no PNG file is left half written.
Result<bool> write_png(const std::string& svg_path, const std::string& png_path);

}  // namespace fathom
