// fathom run: reads documents, answers a question about them.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cache_flags.h"
#include "command.h"
#include "fathom/base/stopwatch.h"
#include "fathom/kv/kept_trace.h"
#include "fathom/model/rope_of_model.h"
#include "interrupt.h"
#include "prompt.h"
#include "report.h"
#include "run_flags.h"
#include "terminal.h"
#include "trace_file.h"

namespace fathom {
namespace {

// Both numbers, and what to do. An answer needs room for one token at least.
Status check_room(size_t prompt_tokens, size_t context, const ModelSpec& model,
                  const RopeScaling& rope) {
  if (prompt_tokens < context) return {};
  std::string message = "the prompt has " + std::to_string(prompt_tokens) +
                        " tokens, and with an answer does not fit the context of " +
                        std::to_string(context) + ": ";
  const std::optional<size_t> reach = rope_reach(model, rope);
  if (!reach) {
    message += "raise it with -c";
  } else if (prompt_tokens < *reach) {
    message += "raise it with -c, up to the model's " + std::to_string(*reach);
  } else {
    message +=
        "give shorter documents, take a model trained for a longer context, or stretch "
        "this one's positions: " +
        rope_advice(model, prompt_tokens + 1);
  }
  return Error{message + "; or keep no more than its newest tokens: --kv streaming"};
}

Status read_prompt(Session& session, const std::vector<TokenId>& tokens, RunReport& report) {
  ProgressLine line("reading");
  line.show({.done = 0, .total = tokens.size()});
  const Stopwatch watch;
  const Status status = session.prefill(tokens, [&line](const Progress& progress) {
    line.show(progress);
    return !interrupted();
  });
  report.prefill_seconds = watch.seconds();
  report.read_tokens = session.read();
  return status;
}

// Streams the answer to standard output unless it will be part of a JSON object.
Status answer(Session& session, const RunFlags& flags, RunReport& report) {
  Status printed;
  bool at_line_end = false;
  Generation generation = flags.generation;
  generation.keep_text = flags.json;
  auto generated = session.generate(generation, [&](std::string_view text) {
    if (!flags.json && printed.ok()) printed = print(text);
    if (!text.empty()) at_line_end = text.ends_with('\n');
    return printed.ok() && !interrupted();
  });
  if (!generated.ok()) return generated.error();
  report.answer = std::move(*generated);
  if (!printed.ok()) return printed;
  if (flags.json) return print_json(to_json(report));
  return at_line_end ? Status() : print("\n");
}

// Flags that changed nothing should be seen.
std::string notes(std::vector<std::string> without_effect, const SessionOptions& options,
                  const Session& session) {
  const PatternMap& attention = options.attention;
  const auto heads = patterns_of(session.model(), attention);
  const auto context = static_cast<int64_t>(session.context());
  if (attention.spec() != "model" && heads.ok() &&
      sees_as_trained(session.model(), *heads, context))
    without_effect.push_back("--attn " + attention.spec() + " changes nothing within " +
                             std::to_string(context) + " tokens");
  for (std::string& note : rope_notes(session.model(), options.rope, session.span()))
    without_effect.push_back(std::move(note));
  std::string text;
  for (const std::string& note : without_effect) text += "note       " + note + "\n";
  return text;
}

int read_and_answer(Session& session, const Prompt& prompt, const RunFlags& flags,
                    RunReport& report) {
  const auto tell = [&flags](const std::string& text) {
    if (!flags.quiet) std::fputs(text.c_str(), stderr);
  };
  catch_interrupt();
  tell(settings_text(report) + report.notes);
  Status status = read_prompt(session, prompt.tokens, report);
  if (status.ok()) status = answer(session, flags, report);
  if (!status.ok() && !interrupted()) return failed(status.error());
  if (!status.ok()) report.answer.reason = StopReason::cancelled;
  tell(timings_text(report));
  return interrupted() ? kInterrupted : kDone;
}

// How a document begins: some lines of it, in whole characters.
std::string beginning_of(const std::vector<Document>& documents, const std::string& question) {
  constexpr size_t kBytes = 200;
  const std::string& text = documents.empty() ? question : documents.front().text;
  size_t end = std::min(text.size(), kBytes);
  while (end > 0 && end < text.size() && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// Where the text is kept. None: nowhere, as the flags or what is said have it.
std::optional<PrefixOptions> prefixes_for(const RunFlags& flags,
                                          const std::vector<Document>& documents) {
  if (flags.no_cache || !flags.kv_trace.empty()) return std::nullopt;
  const auto say = [quiet = flags.quiet](std::string_view line) {
    if (!quiet) std::fputs(("note       " + printable(line) + "\n").c_str(), stderr);
  };
  auto store = open_prefixes(flags.cache_limit);
  if (store.ok() && store->limit() == 0) return std::nullopt;
  auto options = store.ok() ? prefix_options(std::move(*store), flags.model.model, say)
                            : Result<PrefixOptions>(store.error());
  if (!options.ok()) {
    say(options.error().message + "; the text is not kept");
    return std::nullopt;
  }
  options->text = beginning_of(documents, flags.question);
  return std::move(*options);
}

// Of --kv-trace; null: it was not asked for.
Result<std::unique_ptr<TraceFile>> trace_kept(const RunFlags& flags, Session& session) {
  if (flags.kv_trace.empty()) return std::unique_ptr<TraceFile>();
  FATHOM_TRY(auto file, TraceFile::create(flags.kv_trace));
  session.trace_kept(
      [&session, trace = file.get()](size_t layer, size_t kv_head, std::span<const Position> kept) {
        trace->add(trace_line(session.read(), layer, kv_head, kept));
      });
  return file;
}

int run(const CLI::App& app, const RunFlags& flags) {
  const Status sound = check(flags);
  if (!sound.ok()) return misused(sound.error());
  const auto settings = check(flags.model);
  if (!settings.ok()) return misused(settings.error());
  const auto documents = read_documents(flags.files);
  if (!documents.ok()) return failed(documents.error());
  for (const Document& document : documents.value())
    if (document.text.empty()) return misused({document.name + ": is empty"});

  const auto engine = Engine::load(settings.value().engine);
  if (!engine.ok()) return failed(engine.error());
  const Model& model = engine.value()->model();
  const bool endless = settings.value().kv.spec.policy->reach().has_value();
  const Status fits =
      check_context("-c", endless ? 0 : flags.session.context, model, settings->rope);
  if (!fits.ok()) return misused(fits.error());
  const Status there = check_attention(settings.value().attention, model);
  if (!there.ok()) return misused(there.error());
  const Status kept = check_kv(*settings, *engine.value());
  if (!kept.ok()) return misused(kept.error());
  const Status turned = check_rope(settings->rope, model);
  if (!turned.ok()) return misused(turned.error());
  const auto prompt = make_prompt(model, documents.value(), flags);
  if (!prompt.ok()) return failed(prompt.error());

  const size_t length = prompt.value().tokens.size();
  SessionOptions options = flags.session;
  options.attention = settings.value().attention;
  options.kv = settings.value().kv;
  options.rope = settings.value().rope;
  if (options.context == 0 && !endless)
    options.context = rope_context(model.spec, options.rope, length + flags.generation.max_tokens);
  options.prefixes = prefixes_for(flags, documents.value());
  const auto session = Session::open(*engine.value(), options);
  if (!session.ok()) return failed(session.error());
  const size_t context = session.value()->context();
  const Status room = check_room(length, context, model.spec, options.rope);
  if (!room.ok()) return failed(room.error());

  auto trace = trace_kept(flags, **session);
  if (!trace.ok()) return failed(trace.error());

  RunReport report;
  report.model = flags.model.model;
  report.form = prompt.value().form;
  report.attention = options.attention.spec();
  report.kv = options.kv.spec.spec();
  report.kv_split = options.kv.split.spec();
  report.notes = notes(without_effect(app, flags), options, **session);
  report.engine = engine.value().get();
  report.session = session.value().get();
  report.sampling = flags.generation.sampling;
  report.prompt_tokens = length;
  const int code = read_and_answer(*session.value(), prompt.value(), flags, report);
  const Status traced = *trace == nullptr ? Status() : (*trace)->finish();
  return traced.ok() ? code : failed(traced.error());
}

}  // namespace

Command run_command(CLI::App& program) {
  const auto flags = std::make_shared<RunFlags>();
  CLI::App* app = program.add_subcommand("run", "Read documents and answer a question about them");
  add_run_flags(*app, *flags);
  return {app, [app, flags] { return run(*app, *flags); }};
}

}  // namespace fathom
