"""Small vocabularies, trained here by `tokenizers` and `sentencepiece`, token for token."""

import io

import gguf
import pytest
import sentencepiece
import tokenizer_oracles as oracles
from tokenizer_corpus import corpus
from tokenizers import Tokenizer, models, trainers
from tokenizers.pre_tokenizers import ByteLevel

USER_DEFINED = ["<table>", "<tab", "\n\n", "  ", "   ", "😀😁", "b</b>"]


def write_gguf(path, model, pre, tokens, kinds, scores=None, merges=None, space_prefix=False):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    if scores:
        writer.add_token_scores(scores)
    if merges:
        writer.add_token_merges(merges)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(space_prefix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return str(path)


@pytest.fixture(scope="module")
def byte_bpe_model(tmp_path_factory):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = oracles.SPLITS["gpt-2"]
    trainer = trainers.BpeTrainer(
        vocab_size=2000, show_progress=False, initial_alphabet=ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    merges = oracles.json.loads(tokenizer.to_str())["model"]["merges"]
    kinds = [oracles.NORMAL] * len(tokens) + [oracles.USER_DEFINED] * len(USER_DEFINED)
    path = tmp_path_factory.mktemp("bpe") / "bpe.gguf"
    merges = [" ".join(merge) for merge in merges]
    return write_gguf(path, "gpt2", "gpt-2", tokens + USER_DEFINED, kinds, merges=merges)


@pytest.mark.parametrize("pre", oracles.SPLITS)
def test_byte_bpe(byte_bpe_model, pre):
    texts = corpus()
    oracle = oracles.byte_bpe(byte_bpe_model, pre)
    expected = [oracle.encode(text, add_special_tokens=False).ids for text in texts]
    replies = oracles.ask(byte_bpe_model, [{"text": text} for text in texts], "--pre", pre)
    oracles.assert_equal([reply["ids"] for reply in replies], expected, texts)
    assert [reply["text"] for reply in replies] == texts


@pytest.mark.parametrize("space_prefix", [False, True])
@pytest.mark.parametrize("byte_fallback", [False, True])
@pytest.mark.parametrize("across_spaces", [False, True])
def test_sentencepiece(tmp_path, space_prefix, byte_fallback, across_spaces):
    trained = io.BytesIO()
    texts = corpus()
    lines = [line for text in corpus(random_texts=0) for line in text.split("\n") if line]
    lines = [line.replace("\0", "") for line in lines]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=trained,
        model_type="bpe",
        vocab_size=3000,
        character_coverage=0.999,
        byte_fallback=byte_fallback,
        split_by_whitespace=not across_spaces,
        split_by_unicode_script=False,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=[token.replace(" ", "\u2581") for token in USER_DEFINED],
        max_sentence_length=20000,
        minloglevel=2,
        hard_vocab_limit=False,
        num_threads=1,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    ids = range(processor.get_piece_size())
    kind = {3: oracles.CONTROL, 2: oracles.UNKNOWN, 4: oracles.USER_DEFINED, 6: oracles.BYTE}
    proto = oracles.sp_model.ModelProto.FromString(trained.getvalue())
    path = write_gguf(
        tmp_path / "spm.gguf",
        "llama",
        "default",
        [processor.id_to_piece(i) for i in ids],
        [kind.get(proto.pieces[i].type, oracles.NORMAL) for i in ids],
        scores=[processor.get_score(i) for i in ids],
        space_prefix=space_prefix,
    )
    oracle = oracles.sentencepiece_bpe(path)
    oracles.assert_equal(oracles.tokenize(path, texts), oracle.encode(texts), texts)
