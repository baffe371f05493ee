#include "fathom/engine/chain_file.h"

#include <optional>
#include <utility>
#include <vector>

#include "fathom/engine/new_file.h"
#include "fathom/engine/part_file.h"

namespace fathom {
namespace {

using Memory = std::vector<std::vector<std::byte>>;

// All sections of a part.
Result<Memory> read_sections(const PartFile& part) {
  Memory sections;
  for (size_t i = 0; i < part.header().heads.size(); ++i) {
    sections.emplace_back(part.header().heads[i].bytes);
    FATHOM_CHECK(part.read(i, {sections.back()}));
  }
  return sections;
}

// Whether `part` goes on where those before it, `facts`, end.
Status check_follows(const PartFile& part, const ChainFacts& facts, const std::string& key) {
  const PartHeader& header = part.header();
  const bool follows = facts.parts == 0 ? header.begin == 0
                                        : header.key == key && header.begin == facts.tokens &&
                                              header.parent == facts.id;
  if (follows) return {};
  return Error{part.path() + ": part " + std::to_string(facts.parts + 1) +
               " does not follow the one before it"};
}

void count(const PartFile& part, uint64_t bytes, ChainFacts& facts) {
  facts.id = part.header().id();
  facts.tokens = part.header().end();
  facts.bytes += bytes;
  ++facts.parts;
}

// Calls each(part) for the parts in a file, one after the other.
template <class Each>
Result<ChainFacts> for_each_part(const std::string& path, const std::string& name,
                                 const Each& each) {
  ChainFacts facts;
  std::string key;
  for (uint64_t offset = 0;;) {
    FATHOM_TRY(const PartFile part, PartFile::open_within(path, offset, name));
    FATHOM_CHECK(check_follows(part, facts, key));
    FATHOM_CHECK(each(part));
    key = part.header().key;
    count(part, part.end() - offset, facts);
    offset = part.end();
    if (offset == part.file_bytes()) return facts;
  }
}

}  // namespace

Result<ChainFacts> export_chain(std::span<const StoredPart> chain, const std::string& path) {
  FATHOM_TRY(NewFile file, NewFile::create(path));
  FATHOM_TRY(ChainFacts facts, export_chain(chain, [&](std::span<const std::byte> bytes) {
               return file.write(bytes);
             }));
  FATHOM_CHECK(file.install());
  return facts;
}

Result<ChainFacts> export_chain(std::span<const StoredPart> chain, const ByteSink& to) {
  ChainFacts facts;
  for (const StoredPart& stored : chain) {
    FATHOM_TRY(const PartFile part, PartFile::open(stored.path));
    FATHOM_TRY(const Memory sections, read_sections(part));
    const std::string first = to_bytes(part.header());
    FATHOM_CHECK(to(std::as_bytes(std::span(first))));
    for (const std::vector<std::byte>& section : sections) FATHOM_CHECK(to(section));
    count(part, part.file_bytes(), facts);
  }
  return facts;
}

Result<ChainFacts> import_chain(const PrefixStore& store, const std::string& path,
                                const std::string& name) {
  FATHOM_TRY(const ChainFacts all,
             for_each_part(path, name, [](const PartFile& part) { return part.check(); }));
  if (all.bytes > store.limit())
    return Error{name + ": has " + std::to_string(all.bytes) + " bytes; the limit of " +
                 store.folder() + " is " + std::to_string(store.limit())};
  return for_each_part(path, name, [&](const PartFile& part) -> Status {
    FATHOM_TRY(Memory memory, read_sections(part));
    std::vector<Section> sections;
    for (std::vector<std::byte>& section : memory) sections.push_back({section});
    FATHOM_TRY(std::optional<NewFile> file, store.write(part.header(), sections));
    return file ? file->install() : Status();
  });
}

}  // namespace fathom
