/* Prints the output of llama.cpp for the fixtures in this folder. make.py runs it.
 *   reference MODEL tokens         stdin: strings, each as its length (u32, little-endian) and its UTF-8
 *                                  stdout: each string's tokens on a line; special tokens are not parsed
 *   reference MODEL special        the same, but special tokens are parsed
 *   reference MODEL logits         stdin: each prompt's tokens on a line
 *                                  stdout: the logits after each prompt's last token, f32, little-endian
 * One thread; a fresh context for each prompt. */
#include <llama.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void quiet(enum ggml_log_level level, const char *text, void *data) {
    (void)data;
    if (level >= GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    int logits = strcmp(arguments[2], "logits") == 0, special = strcmp(arguments[2], "special") == 0;
    llama_log_set(quiet, NULL);
    llama_backend_init();
    ggml_backend_load_all();
    struct llama_model_params of_model = llama_model_default_params();
    of_model.vocab_only = !logits;
    struct llama_model *model = llama_model_load_from_file(arguments[1], of_model);
    if (!model) return 1;
    const struct llama_vocab *vocabulary = llama_model_get_vocab(model);
    static llama_token tokens[1 << 20];
    if (!logits) {
        uint32_t len;
        while (fread(&len, sizeof len, 1, stdin) == 1) {
            char *text = malloc(len + 1);
            if (fread(text, 1, len, stdin) != len) return 1;
            int n = llama_tokenize(vocabulary, text, (int32_t)len, tokens, 1 << 20, false, special);
            for (int i = 0; i < n; i++) printf(i ? " %d" : "%d", tokens[i]);
            puts("");
            free(text);
        }
        return 0;
    }
    static char line[1 << 20];
    while (fgets(line, sizeof line, stdin)) {
        int n = 0;
        for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) tokens[n++] = atoi(word);
        struct llama_context_params of_context = llama_context_default_params();
        of_context.n_ctx = of_context.n_batch = of_context.n_ubatch = 2048;
        of_context.type_k = of_context.type_v = GGML_TYPE_F32;
        of_context.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        of_context.n_threads = of_context.n_threads_batch = 1;
        struct llama_context *context = llama_init_from_model(model, of_context);
        if (!context || llama_decode(context, llama_batch_get_one(tokens, n))) return 1;
        fwrite(llama_get_logits_ith(context, -1), sizeof(float), (size_t)llama_vocab_n_tokens(vocabulary), stdout);
        llama_free(context);
    }
    return 0;
}
