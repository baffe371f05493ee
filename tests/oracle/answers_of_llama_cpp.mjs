// Holds `fathom eval`'s answers against llama.cpp's greedy ones. Run by hand, where npm's node-llama-cpp
// is installed: no test depends on it.
//
//     node answers_of_llama_cpp.mjs MODEL.gguf DIR [MOST]
//
// DIR is what `fathom eval TASK --out DIR` wrote for a model with a ChatML template, like SmolLM2, with its own
// attention and cache. Asks llama.cpp the first MOST (20) prompts of samples.jsonl, and prints both answers where they
// differ. Answers may part where two tokens are nearly as likely: both engines round.
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";
import {pathToFileURL} from "node:url";

const [modelPath, folder, most = "20"] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node answers_of_llama_cpp.mjs MODEL.gguf DIR [MOST]");
  process.exit(2);
}
const require = createRequire(path.join(process.cwd(), "x.js"));
const {getLlama} = await import(pathToFileURL(require.resolve("node-llama-cpp")));

const lines = (name) => fs.readFileSync(path.join(folder, name), "utf8").trim().split("\n").map((l) => JSON.parse(l));
const records = new Map(lines("results.jsonl").filter((r) => r.technique === 0).map((r) => [r.sample, r]));
const samples = lines("samples.jsonl").filter((s) => records.has(s.sample)).slice(0, Number(most));

const llama = await getLlama({gpu: false, build: "never"});
const model = await llama.loadModel({modelPath});
const SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

function promptOf(sample) {
  if (sample.form !== "chatml") throw new Error(`${sample.sample}: its prompt is in the form '${sample.form}'`);
  const control = (text) => model.tokenize(text, true);
  return [
    ...control(`<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\n`),
    ...model.tokenize(sample.prompt, false),
    ...control("<|im_end|>\n<|im_start|>assistant\n"),
    ...model.tokenize(sample.answer_start, false),
  ];
}

const longest = Math.max(...samples.map((sample) => records.get(sample.sample).length));
const context = await model.createContext({contextSize: longest, batchSize: 512, threads: 1});
const sequence = context.getSequence();

async function answer(tokens, mostTokens) {
  await sequence.clearHistory();
  const written = [];
  for await (const token of sequence.evaluate(tokens, {temperature: 0})) {
    if (model.isEogToken(token)) break;
    written.push(token);
    if (written.length === mostTokens) break;
  }
  return model.detokenize(written);
}

let same = 0;
for (const sample of samples) {
  const record = records.get(sample.sample);
  const tokens = promptOf(sample);
  const theirs = await answer(tokens, sample.max_tokens);
  const ours = record.details.answer;
  if (tokens.length !== record.costs.prompt_tokens)
    console.log(`${sample.sample}: ${tokens.length} tokens, not ${record.costs.prompt_tokens}`);
  if (ours.trim() === theirs.trim()) same += 1;
  else console.log(`${sample.sample}\n  fathom     ${JSON.stringify(ours)}\n  llama.cpp  ${JSON.stringify(theirs)}`);
}
console.log(`${same} of ${samples.length} answers are the same`);
process.exit(0);
