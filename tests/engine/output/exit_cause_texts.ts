/**
 * The output of llama.cpp's servers before they end: build 11669 on inputs made for it, and public reports of other
 * machines.
 */

export interface ServerText {
  readonly what: string;
  readonly tells: string;
  readonly part: "model" | "draft" | "projector" | "worker";
  /** If it has lost a GPU: which, as far as it says. */
  readonly lost?: string | null;
  readonly text: string;
}

export const SERVER_TEXTS: readonly ServerText[] = [
  {
    what: "a chat template that does not parse",
    tells: "common_chat_templates_init: error: parser: Parser Error: Expected }} (Got )",
    part: "model",
    text: `0.00.000.967 I srv  llama_server: initializing ...
0.00.012.173 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.013.966 I srv    load_model: loading model '/home/ann/models/template.gguf'
0.00.019.563 I cmn          init: llama threadpool init, n_threads = 2
0.00.023.063 I srv    load_model: initializing, n_slots = 4, n_ctx_slot = 512, kv_unified = 'true'
0.00.023.353 E common_chat_templates_init: error: parser: Parser Error: Expected }} (Got )
...{% for m in messages %}{{ m.content ...
   ^
0.00.023.394 E common_chat_templates_init: failed to initialize chat template
0.00.023.426 E common_chat_templates_init: please consider disabling jinja via --no-jinja, or using another chat template
0.00.023.484 E srv          init: init: chat template parsing error: std::exception
0.00.023.516 E srv          init: init: please consider disabling jinja via --no-jinja, or use a custom chat template via --chat-template
0.00.023.547 E srv          init: init: for example: --no-jinja --chat-template chatml
0.00.023.580 I srv    operator(): operator(): cleaning up before exit...
0.00.023.968 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a chat template that raises",
    tells:
      "srv init: init: chat template parsing error: Unable to generate parser for this template. Automatic parser generation failed: Jinja Exception: no",
    part: "model",
    text: `0.00.001.073 I srv  llama_server: initializing ...
0.00.013.046 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.829 I srv    load_model: loading model '/home/ann/models/template2.gguf'
0.00.020.597 I cmn          init: llama threadpool init, n_threads = 2
0.00.023.908 I srv    load_model: initializing, n_slots = 4, n_ctx_slot = 512, kv_unified = 'true'
0.00.025.141 W render_message_to_json: Neither string content nor typed content is supported by the template. This is unexpected and may lead to issues.
0.00.025.299 E srv          init: init: chat template parsing error: Unable to generate parser for this template. Automatic parser generation failed: 
------------
While executing CallExpression at line 1, column 19 in source:
...{{ raise_exception('no') }}...
                     ^
Error: Jinja Exception: no
0.00.025.398 E srv          init: init: please consider disabling jinja via --no-jinja, or use a custom chat template via --chat-template
0.00.025.430 E srv          init: init: for example: --no-jinja --chat-template chatml
0.00.025.469 I srv    operator(): operator(): cleaning up before exit...
0.00.025.890 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a chat template with an unknown statement",
    tells: "common_chat_templates_init: error: Unknown statement: frob",
    part: "model",
    text: `0.00.000.988 I srv  llama_server: initializing ...
0.00.012.157 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.861 I srv    load_model: loading model '/home/ann/models/template3.gguf'
0.00.020.985 I cmn          init: llama threadpool init, n_threads = 2
0.00.024.198 I srv    load_model: initializing, n_slots = 4, n_ctx_slot = 512, kv_unified = 'true'
0.00.024.452 E common_chat_templates_init: error: Unknown statement: frob
0.00.024.488 E common_chat_templates_init: failed to initialize chat template
0.00.024.519 E common_chat_templates_init: please consider disabling jinja via --no-jinja, or using another chat template
0.00.024.577 E srv          init: init: chat template parsing error: std::exception
0.00.024.609 E srv          init: init: please consider disabling jinja via --no-jinja, or use a custom chat template via --chat-template
0.00.024.640 E srv          init: init: for example: --no-jinja --chat-template chatml
0.00.024.674 I srv    operator(): operator(): cleaning up before exit...
0.00.025.104 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a tensor that is missing",
    tells:
      "llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' not found",
    part: "model",
    text: `0.00.000.929 I srv  llama_server: initializing ...
0.00.013.420 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.015.183 I srv    load_model: loading model '/home/ann/models/missing.gguf'
0.00.016.135 E llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' not found
0.00.016.187 E llama_model_load_from_file_impl: failed to load model
0.00.016.252 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.016.763 E llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' not found
0.00.016.805 E llama_model_load_from_file_impl: failed to load model
0.00.016.837 E cmn  common_init_: failed to load model '/home/ann/models/missing.gguf'
0.00.016.869 E srv    load_model: failed to load model, '/home/ann/models/missing.gguf'
0.00.016.902 I srv    operator(): operator(): cleaning up before exit...
0.00.017.228 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a tensor of another shape",
    tells:
      "llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.ffn_gate.weight' has wrong shape; expected 96, 512, got 96, 256, 1, 1",
    part: "model",
    text: `0.00.000.953 I srv  llama_server: initializing ...
0.00.012.335 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.147 I srv    load_model: loading model '/home/ann/models/shape.gguf'
0.00.015.209 E llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.ffn_gate.weight' has wrong shape; expected     96,    512, got     96,    256,      1,      1
0.00.015.287 E llama_model_load_from_file_impl: failed to load model
0.00.015.362 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.015.945 E llama_model_load: error loading model: check_tensor_dims: tensor 'blk.0.ffn_gate.weight' has wrong shape; expected     96,    512, got     96,    256,      1,      1
0.00.016.003 E llama_model_load_from_file_impl: failed to load model
0.00.016.036 E cmn  common_init_: failed to load model '/home/ann/models/shape.gguf'
0.00.016.069 E srv    load_model: failed to load model, '/home/ann/models/shape.gguf'
0.00.016.104 I srv    operator(): operator(): cleaning up before exit...
0.00.016.432 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a tensor too many",
    tells:
      "llama_model_load: error loading model: done_getting_tensors: wrong number of tensors; expected 58, got 57",
    part: "model",
    text: `0.00.001.010 I srv  llama_server: initializing ...
0.00.012.510 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.379 I srv    load_model: loading model '/home/ann/models/extra.gguf'
0.00.015.772 E llama_model_load: error loading model: done_getting_tensors: wrong number of tensors; expected 58, got 57
0.00.015.841 E llama_model_load_from_file_impl: failed to load model
0.00.015.910 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.016.671 E llama_model_load: error loading model: done_getting_tensors: wrong number of tensors; expected 58, got 57
0.00.016.715 E llama_model_load_from_file_impl: failed to load model
0.00.016.748 E cmn  common_init_: failed to load model '/home/ann/models/extra.gguf'
0.00.016.781 E srv    load_model: failed to load model, '/home/ann/models/extra.gguf'
0.00.016.815 I srv    operator(): operator(): cleaning up before exit...
0.00.017.158 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a tensor of an unknown type",
    tells:
      "gguf_init_from_reader: tensor 'blk.0.attn_q.weight' has invalid ggml type 99. should be in [0, 43)",
    part: "model",
    text: `0.00.001.702 I srv  llama_server: initializing ...
0.00.013.517 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.015.439 I srv    load_model: loading model '/home/ann/models/type.gguf'
0.00.015.667 E gguf_init_from_reader: tensor 'blk.0.attn_q.weight' has invalid ggml type 99. should be in [0, 43)
0.00.016.401 E gguf_init_from_reader: failed to read tensor info
0.00.016.577 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/type.gguf
0.00.016.604 E llama_model_load_from_file_impl: failed to load model
0.00.016.674 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.016.779 E gguf_init_from_reader: tensor 'blk.0.attn_q.weight' has invalid ggml type 99. should be in [0, 43)
0.00.016.813 E gguf_init_from_reader: failed to read tensor info
0.00.016.854 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/type.gguf
0.00.016.870 E llama_model_load_from_file_impl: failed to load model
0.00.016.872 E cmn  common_init_: failed to load model '/home/ann/models/type.gguf'
0.00.016.874 E srv    load_model: failed to load model, '/home/ann/models/type.gguf'
0.00.016.876 I srv    operator(): operator(): cleaning up before exit...
0.00.017.407 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "an unknown architecture",
    tells: "llama_model_load: error loading model: unknown model architecture: 'frobnicator'",
    part: "model",
    text: `0.00.001.068 I srv  llama_server: initializing ...
0.00.012.940 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.726 I srv    load_model: loading model '/home/ann/models/arch.gguf'
0.00.015.328 E llama_model_load: error loading model: unknown model architecture: 'frobnicator'
0.00.015.376 E llama_model_load_from_file_impl: failed to load model
0.00.015.442 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.015.762 E llama_model_load: error loading model: unknown model architecture: 'frobnicator'
0.00.015.793 E llama_model_load_from_file_impl: failed to load model
0.00.015.795 E cmn  common_init_: failed to load model '/home/ann/models/arch.gguf'
0.00.015.796 E srv    load_model: failed to load model, '/home/ann/models/arch.gguf'
0.00.015.797 I srv    operator(): operator(): cleaning up before exit...
0.00.016.189 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a missing key",
    tells:
      "llama_model_load: error loading model: error loading model hyperparameters: key not found in model: llama.block_count",
    part: "model",
    text: `0.00.000.982 I srv  llama_server: initializing ...
0.00.012.561 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.465 I srv    load_model: loading model '/home/ann/models/nokey.gguf'
0.00.015.114 E llama_model_load: error loading model: error loading model hyperparameters: key not found in model: llama.block_count
0.00.015.115 E llama_model_load_from_file_impl: failed to load model
0.00.015.150 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.015.419 E llama_model_load: error loading model: error loading model hyperparameters: key not found in model: llama.block_count
0.00.015.419 E llama_model_load_from_file_impl: failed to load model
0.00.015.421 E cmn  common_init_: failed to load model '/home/ann/models/nokey.gguf'
0.00.015.421 E srv    load_model: failed to load model, '/home/ann/models/nokey.gguf'
0.00.015.423 I srv    operator(): operator(): cleaning up before exit...
0.00.016.011 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "an unknown tokenizer",
    tells:
      "llama_model_load: error loading model: error loading model vocabulary: unknown tokenizer: 'frobtok'",
    part: "model",
    text: `0.00.001.025 I srv  llama_server: initializing ...
0.00.031.173 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.039.963 I srv    load_model: loading model '/home/ann/models/tok.gguf'
0.00.040.679 E llama_model_load: error loading model: error loading model vocabulary: unknown tokenizer: 'frobtok'
0.00.040.695 E llama_model_load_from_file_impl: failed to load model
0.00.040.732 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.041.035 E llama_model_load: error loading model: error loading model vocabulary: unknown tokenizer: 'frobtok'
0.00.041.048 E llama_model_load_from_file_impl: failed to load model
0.00.041.050 E cmn  common_init_: failed to load model '/home/ann/models/tok.gguf'
0.00.041.051 E srv    load_model: failed to load model, '/home/ann/models/tok.gguf'
0.00.041.053 I srv    operator(): operator(): cleaning up before exit...
0.00.041.592 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "half of a file",
    tells:
      "llama_model_load: error loading model: tensor 'blk.4.attn_output.weight' data is not within the file bounds, model is corrupted or incomplete",
    part: "model",
    text: `0.00.001.123 I srv  llama_server: initializing ...
0.00.022.946 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.027.013 I srv    load_model: loading model '/home/ann/models/half.gguf'
0.00.027.506 E llama_model_load: error loading model: tensor 'blk.4.attn_output.weight' data is not within the file bounds, model is corrupted or incomplete
0.00.027.514 E llama_model_load_from_file_impl: failed to load model
0.00.027.549 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.027.690 E llama_model_load: error loading model: tensor 'blk.4.attn_output.weight' data is not within the file bounds, model is corrupted or incomplete
0.00.027.691 E llama_model_load_from_file_impl: failed to load model
0.00.027.692 E cmn  common_init_: failed to load model '/home/ann/models/half.gguf'
0.00.027.693 E srv    load_model: failed to load model, '/home/ann/models/half.gguf'
0.00.027.695 I srv    operator(): operator(): cleaning up before exit...
0.00.028.281 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a cut header",
    tells: "gguf_init_from_reader: failed to read key-value pairs",
    part: "model",
    text: `0.00.001.052 I srv  llama_server: initializing ...
0.00.022.161 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.028.989 I srv    load_model: loading model '/home/ann/models/head.gguf'
0.00.029.143 E gguf_init_from_reader: failed to read key-value pairs
0.00.029.262 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/head.gguf
0.00.029.269 E llama_model_load_from_file_impl: failed to load model
0.00.029.303 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.029.318 E gguf_init_from_reader: failed to read key-value pairs
0.00.029.324 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/head.gguf
0.00.029.325 E llama_model_load_from_file_impl: failed to load model
0.00.029.326 E cmn  common_init_: failed to load model '/home/ann/models/head.gguf'
0.00.029.327 E srv    load_model: failed to load model, '/home/ann/models/head.gguf'
0.00.029.329 I srv    operator(): operator(): cleaning up before exit...
0.00.029.754 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a file that is no GGUF",
    tells: "gguf_init_from_reader: invalid magic characters: '<htm', expected 'GGUF'",
    part: "model",
    text: `0.00.001.001 I srv  llama_server: initializing ...
0.00.012.762 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.546 I srv    load_model: loading model '/home/ann/models/text.gguf'
0.00.014.697 E gguf_init_from_reader: invalid magic characters: '<htm', expected 'GGUF'
0.00.014.841 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/text.gguf
0.00.014.866 E llama_model_load_from_file_impl: failed to load model
0.00.014.902 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.014.916 E gguf_init_from_reader: invalid magic characters: '<htm', expected 'GGUF'
0.00.014.920 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/text.gguf
0.00.014.921 E llama_model_load_from_file_impl: failed to load model
0.00.014.922 E cmn  common_init_: failed to load model '/home/ann/models/text.gguf'
0.00.014.923 E srv    load_model: failed to load model, '/home/ann/models/text.gguf'
0.00.014.924 I srv    operator(): operator(): cleaning up before exit...
0.00.015.280 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a file that is gone",
    tells:
      "gguf_init_from_file: failed to open GGUF file 'absent.gguf' (No such file or directory)",
    part: "model",
    text: `0.00.002.562 I srv  llama_server: initializing ...
0.00.026.812 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.035.446 I srv    load_model: loading model '/home/ann/models/absent.gguf'
0.00.035.588 E gguf_init_from_file: failed to open GGUF file '/home/ann/models/absent.gguf' (No such file or directory)
0.00.035.714 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/absent.gguf
0.00.035.729 E llama_model_load_from_file_impl: failed to load model
0.00.035.764 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to load model
0.00.035.778 E gguf_init_from_file: failed to open GGUF file '/home/ann/models/absent.gguf' (No such file or directory)
0.00.035.781 E llama_model_load: error loading model: llama_model_loader: failed to load model from /home/ann/models/absent.gguf
0.00.035.781 E llama_model_load_from_file_impl: failed to load model
0.00.035.782 E cmn  common_init_: failed to load model '/home/ann/models/absent.gguf'
0.00.035.783 E srv    load_model: failed to load model, '/home/ann/models/absent.gguf'
0.00.035.785 I srv    operator(): operator(): cleaning up before exit...
0.00.036.189 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a context too large for main memory",
    tells: "ggml_aligned_malloc: insufficient memory (attempted to allocate 1318.50 MB)",
    part: "model",
    text: `0.00.015.338 I srv  llama_server: initializing ...
0.00.057.711 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.057.896 W srv  llama_server: security: no API key is set and CORS allows all origins (see https://github.com/ggml-org/llama.cpp/pull/25655)
0.00.059.635 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.086.118 W llama_context: n_ctx_seq (600064) > n_ctx_train (2048) -- possible training context overflow
0.00.105.964 E ggml_aligned_malloc: insufficient memory (attempted to allocate 1318.50 MB)
0.00.106.016 E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 1382547456
0.00.106.030 E ggml_backend_buft_alloc_buffer_n_default: failed to allocate CPU buffer of size 1382547456
0.00.106.187 E llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache
0.00.106.210 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.106.226 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.106.243 E srv    load_model: failed to create_context with model '/home/ann/models/guide.gguf'
0.00.106.259 I srv    operator(): operator(): cleaning up before exit...
0.00.106.755 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a context beyond all measure",
    tells: "llama_init_from_model: failed to initialize the context: std::bad_alloc",
    part: "model",
    text: `0.00.001.190 I srv  llama_server: initializing ...
0.00.012.226 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.038 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.015.251 E llama_init_from_model: failed to initialize the context: std::bad_alloc
0.00.015.369 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to create llama_context from model
0.00.016.587 W llama_context: n_ctx_seq (2000000000) > n_ctx_train (2048) -- possible training context overflow
0.00.016.648 E llama_init_from_model: failed to initialize the context: std::bad_alloc
0.00.016.649 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.016.650 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.016.652 E srv    load_model: failed to create_context with model '/home/ann/models/guide.gguf'
0.00.016.654 I srv    operator(): operator(): cleaning up before exit...
0.00.017.152 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a cache type that needs flash attention",
    tells: "llama_init_from_model: quantized V cache requires flash_attn to be enabled",
    part: "model",
    text: `0.00.001.450 I srv  llama_server: initializing ...
0.00.014.438 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.023.676 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.025.241 E llama_init_from_model: quantized V cache requires flash_attn to be enabled
0.00.025.387 E common_fit_params: encountered an error while trying to fit params to free device memory: failed to create llama_context from model
0.00.026.550 E llama_init_from_model: quantized V cache requires flash_attn to be enabled
0.00.026.584 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.026.597 E cmn  common_init_: failed to create context with model '/home/ann/models/guide.gguf'
0.00.026.618 E srv    load_model: failed to create_context with model '/home/ann/models/guide.gguf'
0.00.026.640 I srv    operator(): operator(): cleaning up before exit...
0.00.027.078 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a port in use",
    tells: "srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 35897",
    part: "model",
    text: `0.00.001.384 I srv  llama_server: initializing ...
0.00.015.360 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.015.636 E srv         start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 35897
0.00.015.649 I srv    operator(): operator(): cleaning up before exit...
0.00.016.590 E srv  llama_server: exiting due to HTTP server error`,
  },
  {
    what: "an unknown argument",
    tells: "error: invalid argument: --frobnicate",
    part: "model",
    text: `error: invalid argument: --frobnicate`,
  },
  {
    what: "an argument of a wrong value",
    tells: 'error while handling argument "--ctx-size": stoi',
    part: "model",
    text: `error while handling argument "--ctx-size": stoi
usage:
-c,    --ctx-size N                     size of the prompt context (default: 0, 0 = loaded from model)
                                        (env: LLAMA_ARG_CTX_SIZE)
to show complete usage, run with -h`,
  },
  {
    what: "a setting of a wrong value",
    tells:
      'error while handling environment variable "LLAMA_ARG_CACHE_TYPE_K": Unsupported cache type: frob',
    part: "model",
    text:
      `error while handling environment variable "LLAMA_ARG_CACHE_TYPE_K": Unsupported cache type: frob`,
  },
  {
    what: "an unknown device",
    tells: 'error while handling argument "--device": invalid device: CUDA7',
    part: "model",
    text: `error while handling argument "--device": invalid device: CUDA7
usage:
-dev,  --device <dev1,dev2,..>          comma-separated list of devices to use for offloading (none = don't
                                        offload)
                                        use --list-devices to see a list of available devices
                                        (env: LLAMA_ARG_DEVICE)
to show complete usage, run with -h`,
  },
  {
    what: "a projector of another width",
    tells:
      "projector: mtmd_init_from_file: error: mismatch between vision and audio mmproj (n_embd_v = 2048, n_embd_a = 96)",
    part: "projector",
    text: `0.00.001.002 I srv  llama_server: initializing ...
0.00.012.247 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.013.580 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.049.631 E mtmd_get_memory_usage: error: mismatch between vision and audio mmproj (n_embd_v = 2048, n_embd_a = 96)
0.00.049.660 E srv    load_model: [mtmd] failed to get memory usage of mmproj
0.00.053.889 I cmn          init: llama threadpool init, n_threads = 2
0.00.104.525 E mtmd_init_from_file: error: mismatch between vision and audio mmproj (n_embd_v = 2048, n_embd_a = 96)
0.00.104.555 E srv    load_model: failed to load multimodal model, '/home/ann/models/projwide.gguf'
0.00.104.560 I srv    operator(): operator(): cleaning up before exit...
0.00.105.108 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a projector of an unknown type",
    tells:
      "projector: clip_init: failed to load model 'projtype.gguf': load_hparams: unknown projector type: frob",
    part: "projector",
    text: `0.00.001.176 I srv  llama_server: initializing ...
0.00.012.793 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.610 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.015.195 E mtmd_get_memory_usage: error: Failed to load CLIP model from /home/ann/models/projtype.gguf
0.00.015.256 E srv    load_model: [mtmd] failed to get memory usage of mmproj
0.00.020.396 I cmn          init: llama threadpool init, n_threads = 2
0.00.022.868 E clip_init: failed to load model '/home/ann/models/projtype.gguf': load_hparams: unknown projector type: frob
0.00.022.969 E mtmd_init_from_file: error: Failed to load CLIP model from /home/ann/models/projtype.gguf
0.00.023.004 E srv    load_model: failed to load multimodal model, '/home/ann/models/projtype.gguf'
0.00.023.039 I srv    operator(): operator(): cleaning up before exit...
0.00.023.419 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a projector that is none",
    tells: "projector: mtmd_get_memory_usage: error: Failed to load CLIP model from notclip.gguf",
    part: "projector",
    text: `0.00.000.949 I srv  llama_server: initializing ...
0.00.012.129 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.013.944 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.014.310 E mtmd_get_memory_usage: error: Failed to load CLIP model from /home/ann/models/notclip.gguf
0.00.014.362 E srv    load_model: [mtmd] failed to get memory usage of mmproj
0.00.019.696 I cmn          init: llama threadpool init, n_threads = 2
0.00.021.891 E mtmd_init_from_file: error: Failed to load CLIP model from /home/ann/models/notclip.gguf
0.00.021.957 E srv    load_model: failed to load multimodal model, '/home/ann/models/notclip.gguf'
0.00.021.991 I srv    operator(): operator(): cleaning up before exit...
0.00.022.387 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a draft without tensors",
    tells:
      "draft: llama_model_load: error loading model: check_tensor_dims: tensor 'token_embd.weight' not found",
    part: "draft",
    text: `0.00.000.941 I srv  llama_server: initializing ...
0.00.012.265 I cmn  common_param: common_params_print_info: verbosity = 3 (adjust with the \`-lv N\` CLI arg)
0.00.014.045 I srv    load_model: loading model '/home/ann/models/guide.gguf'
0.00.016.846 E llama_model_load: error loading model: check_tensor_dims: tensor 'token_embd.weight' not found
0.00.016.930 E llama_model_load_from_file_impl: failed to load model
0.00.016.997 W operator(): failed to measure the memory of the extra model, fitting without it: failed to load model
0.00.019.886 I cmn          init: llama threadpool init, n_threads = 2
0.00.021.975 I common_speculative_init_result: loading draft model '/home/ann/models/notensors.gguf'
0.00.022.493 E llama_model_load: error loading model: check_tensor_dims: tensor 'token_embd.weight' not found
0.00.022.537 E llama_model_load_from_file_impl: failed to load model
0.00.022.568 E common_speculative_init_result: failed to load draft model, '/home/ann/models/notensors.gguf'
0.00.022.601 E srv    load_model: failed to load draft model, '/home/ann/models/notensors.gguf'
0.00.022.636 I srv    operator(): operator(): cleaning up before exit...
0.00.022.981 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "a worker that is gone",
    tells: "ggml-rpc.cpp:650: Failed to connect to 127.0.0.1:38559",
    part: "worker",
    text: `./src/ggml-rpc/ggml-rpc.cpp:650: Failed to connect to 127.0.0.1:38559`,
  },
  {
    what: "a worker of another RPC version",
    tells: "RPC server version mismatch: 3.7.0",
    part: "model",
    text: `0.00.022.374 E RPC server version mismatch: 3.7.0
./src/ggml-rpc/ggml-rpc.cpp:653: RPC handshake failed for 127.0.0.1:34277`,
  },
  {
    what: "a worker that hangs up",
    tells: "ggml-rpc.cpp:430: Remote RPC server crashed or returned malformed response",
    part: "worker",
    text: `0.00.035.199 E send failed (bytes_sent=0, size_to_send=8)
./src/ggml-rpc/ggml-rpc.cpp:430: Remote RPC server crashed or returned malformed response`,
  },
  {
    what: "rpc-server: a port in use",
    tells: "Failed to create server socket",
    part: "model",
    text:
      `load_backend: loaded RPC backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-rpc.so
load_backend: loaded CPU backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-cpu-zen4.so
Starting RPC server v8.0.0
  endpoint       : 127.0.0.1:35897
  local cache    : n/a
Devices:
  CPU: AMD EPYC (24105 MiB, 24105 MiB free)
  transport      : TCP
Failed to create server socket`,
  },
  {
    what: "rpc-server: an unknown argument",
    tells: "error: unknown argument: --frob",
    part: "model",
    text:
      `load_backend: loaded RPC backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-rpc.so
load_backend: loaded CPU backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-cpu-zen4.so
error: unknown argument: --frob
Usage: /opt/llama.cpp/usr/libexec/x86_64-linux-gnu/llama/bin/ggml-rpc-server [options]
options:
  -h, --help                       show this help message and exit
  -t, --threads N                  number of threads for the CPU device (default: 1)
  -d, --device <dev1,dev2,...>     comma-separated list of devices
  -H, --host HOST                  host to bind to (default: 127.0.0.1)
  -p, --port PORT                  port to bind to (default: 50052)
  -c, --cache                      enable local file cache`,
  },
  {
    what: "rpc-server: an unknown device",
    tells: "error: unknown device: CUDA7",
    part: "model",
    text:
      `load_backend: loaded RPC backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-rpc.so
load_backend: loaded CPU backend from /opt/llama.cpp/usr/lib/x86_64-linux-gnu/libggml-cpu-zen4.so
error: unknown device: CUDA7
available devices:
No devices found`,
  },
  {
    what: "a GPU's memory is too small for the weights",
    tells:
      "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 144817.04 MiB on device 0: cudaMalloc failed: out of memory",
    part: "model",
    text:
      `load_tensors: loading model tensors, this can take a while... (mmap = true, direct_io = false)
ggml_backend_cuda_buffer_type_alloc_buffer: allocating 144817.04 MiB on device 0: cudaMalloc failed: out of memory
alloc_tensor_range: failed to allocate CUDA0 buffer of size 151851674624
llama_model_load: error loading model: unable to allocate CUDA0 buffer
llama_model_load_from_file_impl: failed to load model
common_init_from_params: failed to load model '/home/ann/models/m.gguf', try reducing --n-gpu-layers if you're running out of VRAM
srv    load_model: failed to load model, '/home/ann/models/m.gguf'
srv    operator(): operator(): cleaning up before exit...
main: exiting due to model loading error`,
  },
  {
    what: "a Mac's memory is too small",
    tells: "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
    part: "model",
    lost: null,
    text:
      `common_init_from_params: warming up the model with an empty run - please wait ... (--no-warmup to disable)
ggml_metal_synchronize: error: command buffer 0 failed with status 5
/Users/ann/llama.cpp/ggml/src/ggml-metal/ggml-metal-context.m:235: fatal error
error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)
WARNING: Using native backtrace. Set GGML_BACKTRACE_LLDB for more info.
0   libggml-base.0.9.5.dylib            0x000000010579936c ggml_print_backtrace + 276
1   libggml-base.0.9.5.dylib            0x0000000105799558 ggml_abort + 156`,
  },
  {
    what: "a GPU behind Vulkan has too little memory",
    tells: "ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
    part: "model",
    text: `ggml_vulkan: Device memory allocation of size 369827840 failed.
ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory`,
  },
  {
    what: "a library that is not there",
    tells:
      "llama-server: error while loading shared libraries: libcudart.so.12: cannot open shared object file: No such file or directory",
    part: "model",
    text:
      `llama-server: error while loading shared libraries: libcudart.so.12: cannot open shared object file: No such file or directory`,
  },
  {
    what: "a GPU behind Vulkan is lost while it loads",
    tells:
      "the GPU Vulkan0 was lost, as when its driver is reset (ggml_vulkan: device lost on Vulkan0)",
    part: "model",
    lost: "Vulkan0",
    text: `0.00.041.821 I srv    load_model: loading model '/home/ann/models/m.gguf'
0.00.062.582 E ggml_vulkan: device lost on Vulkan0
0.00.062.701 E llama_init_from_model: failed to initialize the context: vk::Queue::submit: ErrorDeviceLost
0.00.062.732 E cmn  common_init_: failed to create context with model '/home/ann/models/m.gguf'
0.00.062.786 E srv    load_model: failed to create_context with model '/home/ann/models/m.gguf'
0.00.062.813 I srv    operator(): operator(): cleaning up before exit...
0.00.063.147 E srv  llama_server: exiting due to model loading error`,
  },
  {
    what: "an rpc-server loses a GPU behind Vulkan",
    tells:
      "the GPU Vulkan1 was lost, as when its driver is reset (ggml_vulkan: device lost on Vulkan1)",
    part: "model",
    lost: "Vulkan1",
    text: `Accepted client connection
ggml_vulkan: device lost on Vulkan1
terminate called after throwing an instance of 'vk::DeviceLostError'
  what():  vk::Queue::submit: ErrorDeviceLost`,
  },
  {
    // ggml-org/llama.cpp #25664, Strix Halo.
    what: "a build that names no device, after Mesa's own word",
    tells:
      "a GPU was lost, as when its driver is reset (srv update_slots: decode() failed: vk::Queue::submit: ErrorDeviceLost)",
    part: "model",
    lost: null,
    text:
      `radv/amdgpu: The CS has been cancelled because the context is lost. This context is innocent.
3.45.098.561 E srv  update_slots: decode() failed: vk::Queue::submit: ErrorDeviceLost`,
  },
  {
    // lemonade-sdk/llamacpp-rocm #122, Radeon 780M.
    what: "ROCm, whose abort comes before its reason",
    tells: "a GPU was lost, as when its driver is reset (ROCm error: unspecified launch failure)",
    part: "model",
    lost: null,
    text:
      `/home/runner/work/llamacpp-rocm/llamacpp-rocm/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:108: ROCm error
4.44.094.268 E ROCm error: unspecified launch failure
4.44.094.279 E   current device: -1, in function ggml_backend_cuda_synchronize at /home/runner/work/llamacpp-rocm/llamacpp-rocm/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:2543
4.44.094.280 E   hipStreamSynchronize(cuda_ctx->stream())`,
  },
  {
    // nextcloud/llm2 #50: the second of several cards.
    what: "CUDA, with the number of the card",
    tells:
      "the GPU CUDA1 was lost, as when its driver is reset (CUDA error: unspecified launch failure)",
    part: "model",
    lost: "CUDA1",
    text: `ggml_cuda_compute_forward: RMS_NORM failed
CUDA error: unspecified launch failure
  current device: 1, in function ggml_cuda_compute_forward at /tmp/tmpngqnz1wz/llama_cpp_python-0.3.7/vendor/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:2311
  err
/tmp/tmpngqnz1wz/llama_cpp_python-0.3.7/vendor/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:72: CUDA error`,
  },
  {
    // ggml-org/llama.cpp #11841.
    what: "CUDA's card is there no more",
    tells:
      "the GPU CUDA0 was lost, as when its driver is reset (CUDA error: CUDA-capable device(s) is/are busy or unavailable)",
    part: "model",
    lost: "CUDA0",
    text: `CUDA error: CUDA-capable device(s) is/are busy or unavailable
  current device: 0, in function ggml_cuda_set_device at /appuser/llama.cpp/llama.cpp-b4704/ggml/src/ggml-cuda/ggml-cuda.cu:86
  cudaSetDevice(device)
/appuser/llama.cpp/llama.cpp-b4704/ggml/src/ggml-cuda/ggml-cuda.cu:73: CUDA error`,
  },
  {
    // ggml-org/llama.cpp #15106: a build that lacks the card's code is no loss.
    what: "a build of ROCm for other cards",
    tells: "ROCm error: invalid device function",
    part: "model",
    text: `ggml_cuda_compute_forward: SCALE failed
ROCm error: invalid device function
D:/a/llama.cpp/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:87: ROCm error
  current device: 0, in function ggml_cuda_compute_forward at D:/a/llama.cpp/llama.cpp/ggml/src/ggml-cuda/ggml-cuda.cu:2519
  err`,
  },
  {
    // ggml-org/llama.cpp #27198, Arc Pro B70.
    what: "SYCL",
    tells:
      "a GPU was lost, as when its driver is reset (level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST))",
    part: "model",
    lost: null,
    text: `level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)
Exception caught at file:/usr/src/llama.cpp/ggml/src/ggml-sycl/ggml-sycl.cpp, line:704, func:operator()
SYCL error: CHECK_TRY_ERROR(q_dst.memcpy(ptr_dst, ptr_src, size).wait()): Exception caught in this line of code.
  in function dev2dev_memcpy at /usr/src/llama.cpp/ggml/src/ggml-sycl/ggml-sycl.cpp:704
/usr/src/llama.cpp/ggml/src/ggml-sycl/../ggml-sycl/common.hpp:155: SYCL error`,
  },
  {
    // ggml-org/llama.cpp #3896.
    what: "AMD's runtime ends the process itself",
    tells:
      "a GPU was lost, as when its driver is reset (Memory access fault by GPU node-1 (Agent handle: 0x55c2bca3a160) on address 0x7fe03c665000. Reason: Page not present or supervisor privilege.)",
    part: "model",
    lost: null,
    text:
      `Memory access fault by GPU node-1 (Agent handle: 0x55c2bca3a160) on address 0x7fe03c665000. Reason: Page not present or supervisor privilege.`,
  },
  {
    // ggml-org/llama.cpp #8886.
    what: "Metal, which takes no more work",
    tells:
      "a GPU was lost, as when its driver is reset (ggml_metal_graph_compute: command buffer 0 failed with status 5)",
    part: "model",
    lost: null,
    text: `ggml_metal_graph_compute: command buffer 0 failed with status 5
error: Ignored (for causing prior/excessive GPU errors) (00000004:kIOAccelCommandBufferCallbackErrorSubmissionsIgnored)`,
  },
];
