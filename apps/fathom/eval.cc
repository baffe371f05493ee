// fathom eval TASK: measures a model under one technique or several.
#include <memory>
#include <string>
#include <utility>

#include "command.h"
#include "eval_flags.h"
#include "eval_table.h"
#include "fathom/engine/model_identity.h"
#include "fathom/engine/model_store.h"
#include "fathom/engine/sha256.h"
#include "fathom/eval/scratch_prefixes.h"
#include "fathom/eval/summary.h"
#include "interrupt.h"
#include "report_files.h"
#include "terminal.h"
#include "text_file.h"
#include "typed_command.h"

namespace fathom {
namespace {

Result<std::vector<EvalText>> read_texts(const std::vector<std::string>& files) {
  std::vector<EvalText> texts;
  for (const std::string& file : files) {
    FATHOM_TRY(std::string text, read_text(file));
    texts.push_back({file == "-" ? "standard input" : file, std::move(text)});
  }
  return texts;
}

Result<std::string> model_hash(const std::string& model) {
  FATHOM_TRY(const std::string path, resolve_model(model));
  FATHOM_TRY(const std::string home, home_folder());
  return model_sha256(path, home);
}

Json hashes_of(const std::vector<EvalText>& texts) {
  Json files = Json::array();
  for (const EvalText& text : texts) {
    Sha256 hash;
    hash.add(text.text);
    files.push_back({{"name", text.name}, {"sha256", hash.finish()}});
  }
  return files;
}

// As asked, or the task's usual ones as far as the model was trained.
Result<std::vector<size_t>> lengths_of(const Task& task, const EvalFlags& flags,
                                       const Model& model) {
  if (!flags.lengths.empty()) return parse_lengths(flags.lengths);
  FATHOM_TRY(std::vector<size_t> lengths, parse_lengths(std::string(task.usual_lengths)));
  std::erase_if(lengths, [&model](size_t n) { return n > model.spec.trained_context; });
  if (lengths.empty()) lengths.push_back(model.spec.trained_context);
  return lengths;
}

// That every technique can run at the longest length, before any of them is measured.
Status check_techniques(const std::vector<Technique>& techniques, size_t longest, Engine& engine) {
  for (const Technique& technique : techniques) {
    ModelSettings settings;
    settings.attention = technique.options.attention;
    settings.kv = technique.options.kv;
    settings.rope = technique.options.rope;
    FATHOM_CHECK(check_attention(settings.attention, engine.model()));
    FATHOM_CHECK(check_kv(settings, engine));
    FATHOM_CHECK(check_rope(technique.options.rope, engine.model()));
    if (!technique.options.kv.spec.policy->reach())
      FATHOM_CHECK(check_context("--lengths", longest, engine.model(), technique.options.rope));
    SessionOptions options = technique.options;
    options.context = longest;
    const auto opened = Session::open(engine, options);
    if (!opened.ok()) return Error{technique.label() + ": " + opened.error().message};
  }
  return {};
}

Result<Evaluation> prepare(const CLI::App& app, const Task& task, const EvalFlags& flags,
                           Engine& engine, std::vector<EvalText> texts) {
  const Model& model = engine.model();
  Evaluation evaluation;
  evaluation.task = &task;
  TaskInput& input = evaluation.input;
  input.engine = &engine;
  FATHOM_TRY(input.lengths, lengths_of(task, flags, model));
  input.samples = flags.samples == "usual" ? task.usual_samples : std::stoul(flags.samples);
  input.depths = flags.depths;
  input.seed = flags.seed;
  input.raw = flags.raw;
  input.flags = flags.own;
  RunHeader& header = evaluation.header;
  header.command = typed_command();
  header.task = task.name;
  header.model = flags.model.model;
  if (!flags.out.empty()) {
    FATHOM_TRY(header.model_sha256, model_hash(flags.model.model));
  }
  header.trained_context = model.spec.trained_context;
  header.precision = flags.model.precision;
  header.isa = name(engine.compute().isa);
  header.threads = engine.threads();
  header.chunk = flags.chunk;
  header.lengths = input.lengths;
  header.samples = input.samples;
  header.depths = flags.depths;
  header.seed = flags.seed;
  header.raw = flags.raw;
  header.files = hashes_of(texts);
  for (const TaskFlag& flag : task.flags) {
    const std::vector<std::string>& values = flags.own.at(std::string(flag.name));
    if (!values.empty()) header.flags[flag.name] = values;
    if (flag.value != "FILE") continue;
    FATHOM_TRY(const std::vector<EvalText> named, read_texts(values));
    for (const Json& file : hashes_of(named)) header.files.push_back(file);
  }
  FATHOM_TRY(header.techniques, techniques_of(app, flags, input.lengths.back(), model.spec));
  input.texts = std::move(texts);
  evaluation.folder = flags.out;
  return evaluation;
}

Result<EvaluationResult> measure(Evaluation& evaluation) {
  auto scratch = ScratchPrefixes::make(evaluation.header.model, evaluation.header.chunk);
  if (scratch.ok()) evaluation.prefixes = scratch->options();
  ProgressLine line("measuring");
  evaluation.progress = [&line](const Progress& progress) {
    line.show(progress);
    return !interrupted();
  };
  return evaluate(evaluation);
}

Status show(const Evaluation& evaluation, const std::vector<Record>& records, bool json) {
  const std::vector<Row> rows = summarise(*evaluation.task, evaluation.header, records);
  if (json) return print_json(to_json(*evaluation.task, evaluation.header, rows, records));
  return print(to_table(*evaluation.task, evaluation.header, rows, records));
}

// A task's errors name the flag at fault first, where one is.
int task_failed(const Error& error) {
  return error.message.starts_with("--") ? misused(error) : failed(error);
}

int run_task(const CLI::App& app, const Task& task, const EvalFlags& flags) {
  const auto settings = check(flags.model);
  if (!settings.ok()) return misused(settings.error());
  const auto readable = techniques_of(app, flags, kMostTokens, {});
  if (!readable.ok()) return misused(readable.error());
  auto texts = read_texts(flags.files);
  if (!texts.ok()) return failed(texts.error());
  const auto engine = Engine::load(settings->engine);
  if (!engine.ok()) return failed(engine.error());
  auto evaluation = prepare(app, task, flags, **engine, std::move(*texts));
  if (!evaluation.ok()) return failed(evaluation.error());
  const Status sound =
      check_techniques(evaluation->header.techniques, evaluation->input.lengths.back(), **engine);
  if (!sound.ok()) return misused(sound.error());
  catch_interrupt();
  const auto result = measure(*evaluation);
  if (!result.ok()) {
    const int code = task_failed(result.error());
    if (interrupted() && !flags.out.empty())
      std::fputs("fathom: the same command goes on from here\n", stderr);
    return interrupted() ? kInterrupted : code;
  }
  const Status shown = show(*evaluation, result->records, flags.json);
  if (!shown.ok()) return failed(shown.error());
  if (flags.out.empty()) return kDone;
  const Status written = write_report(flags.out, {{&task, evaluation->header, result->records}});
  return written.ok() ? kDone : failed(written.error());
}

}  // namespace

Command eval_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("eval", "Measure what techniques cost and lose");
  app->require_subcommand(1);
  struct Added {
    CLI::App* app;
    const Task* task;
    std::unique_ptr<EvalFlags> flags;
  };
  const auto added = std::make_shared<std::vector<Added>>();
  for (const Task* task : tasks::all()) {
    CLI::App* sub = app->add_subcommand(std::string(task->name), std::string(task->summary));
    auto flags = std::make_unique<EvalFlags>();
    add_eval_flags(*sub, *task, *flags);
    added->push_back({sub, task, std::move(flags)});
  }
  return {app, [added] {
            for (const Added& one : *added)
              if (one.app->parsed()) return run_task(*one.app, *one.task, *one.flags);
            return kDone;
          }};
}

}  // namespace fathom
