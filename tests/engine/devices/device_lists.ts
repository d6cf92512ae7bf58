/** Outputs of `--list-devices` as people's machines gave them: what surrounds the list, and names that nobody would invent. */

export interface RecordedList {
  readonly machine: string;
  /** An issue where it was reported, or `public` for notes and tests of other projects, which name their machine. */
  readonly source: string;
  readonly text: string;
  /** The words of an rpc-server on such a machine at its start, where they matter. */
  readonly start?: string;
  readonly used: readonly string[];
  readonly leftOut?: Readonly<Record<string, string>>;
}

export const INTEGRATED = "an integrated GPU is used only where there is no other";
export const SOFTWARE = "it is a software renderer and no GPU";

export const RECORDED: readonly RecordedList[] = [
  {
    machine: "two NVIDIA cards, whose list comes before the backend's words",
    source: "ollama/ollama #16508",
    text: `Available devices:
  CUDA0: NVIDIA GeForce RTX 3080 Ti (11909 MiB, 11650 MiB free)
  CUDA1: NVIDIA RTX PRO 4000 Blackwell SFF Edition (24026 MiB, 23795 MiB free)
ggml_cuda_init: found 2 CUDA devices (Total VRAM: 35936 MiB):
  Device 0: NVIDIA GeForce RTX 3080 Ti, compute capability 8.6, VMM: yes, VRAM: 11909 MiB
  Device 1: NVIDIA RTX PRO 4000 Blackwell SFF Edition, compute capability 12.0, VMM: yes, VRAM: 24026 MiB
load_backend: loaded CUDA backend from /usr/lib/ollama/cuda_v13/libggml-cuda.so`,
    used: ["CUDA0 discrete", "CUDA1 discrete"],
  },
  {
    machine:
      "an NVIDIA card that a build takes for one that shares main memory, with more free than there is",
    source: "ggml-org/llama.cpp #17536",
    text: `ggml_cuda_init: GGML_CUDA_FORCE_MMQ:    no
ggml_cuda_init: GGML_CUDA_FORCE_CUBLAS: no
ggml_cuda_init: found 1 CUDA devices:
  Device 0: NVIDIA GeForce RTX 5090, compute capability 12.0, VMM: yes
Available devices:
ggml_backend_cuda_get_available_uma_memory: final available_memory_kb: 56701456
  CUDA0: NVIDIA GeForce RTX 5090 (32106 MiB, 55372 MiB free)`,
    used: ["CUDA0 discrete"],
  },
  {
    machine: "a laptop's card under Vulkan",
    source: "ggml-org/llama.cpp #15793",
    text: `load_backend: loaded RPC backend from vulkan\\bin\\ggml-rpc.dll
ggml_vulkan: Found 1 Vulkan devices:
ggml_vulkan: 0 = NVIDIA GeForce RTX 4060 Laptop GPU (NVIDIA) | uma: 0 | fp16: 1 | bf16: 1 | warp size: 32 | shared memory: 49152 | int dot: 1 | matrix cores: NV_coopmat2
load_backend: loaded Vulkan backend from vulkan\\bin\\ggml-vulkan.dll
load_backend: loaded CPU backend from vulkan\\bin\\ggml-cpu-alderlake.dll
Available devices:
  Vulkan0: NVIDIA GeForce RTX 4060 Laptop GPU (7957 MiB, 7189 MiB free)`,
    used: ["Vulkan0 discrete"],
  },
  {
    machine: "ROCm without a card that it knows",
    source: "ggml-org/llama.cpp #15106",
    text:
      `load_backend: loaded RPC backend from C:\\Users\\User\\llama-b6459-bin-win-hip-radeon-x64\\ggml-rpc.dll
load_backend: loaded CPU backend from C:\\Users\\User\\llama-b6459-bin-win-hip-radeon-x64\\ggml-cpu-icelake.dll
Available devices:`,
    used: [],
  },
  {
    machine: "two AMD cards of two kinds",
    source: "public",
    text: `ggml_cuda_init: found 2 ROCm devices (Total VRAM: 32736 MiB):
  Device 0: AMD Radeon RX 6800, gfx1030 (0x1030), VMM: no, Wave Size: 32, VRAM: 16368 MiB
  Device 1: AMD Radeon Pro VII, gfx906:sramecc+:xnack- (0x906), VMM: no, Wave Size: 64, VRAM: 16368 MiB
Available devices:
  ROCm0: AMD Radeon RX 6800 (16368 MiB, 16342 MiB free)
  ROCm1: AMD Radeon Pro VII (16368 MiB, 16348 MiB free)`,
    used: ["ROCm0 discrete", "ROCm1 discrete"],
  },
  {
    machine: "an MI50, which ROCm calls as it calls a processor's GPU",
    source: "public",
    text: `Available devices:
  ROCm0: AMD Radeon Graphics (32752 MiB, 32732 MiB free)

ggml_cuda_init: found 1 ROCm devices (Total VRAM: 32752 MiB):
  Device 0: AMD Radeon Graphics, gfx906:sramecc+:xnack- (0x906), VMM: no, Wave Size: 64`,
    start: `ggml_cuda_init: found 1 ROCm devices (Total VRAM: 32752 MiB):
  Device 0: AMD Radeon Graphics, gfx906:sramecc+:xnack- (0x906), VMM: no, Wave Size: 64`,
    used: ["ROCm0 discrete"],
  },
  {
    machine: "an AMD card beside its processor's GPU, which ROCm calls by the processor",
    source: "public",
    text: `ggml_cuda_init: found 2 ROCm devices (Total VRAM: 35814 MiB):
  Device 0: AMD Radeon RX 7900 XT, gfx1100 (0x1100), VMM: no, Wave Size: 32, VRAM: 20464 MiB
  Device 1: AMD Ryzen 9 7950X 16-Core Processor, gfx1036 (0x1036), VMM: no, Wave Size: 32, VRAM: 15350 MiB
ggml_backend_cuda_get_available_uma_memory: final available_memory_kb: 29048272
Available devices:
  ROCm0: AMD Radeon RX 7900 XT (20464 MiB, 20428 MiB free)
  ROCm1: AMD Ryzen 9 7950X 16-Core Processor (15350 MiB, 28367 MiB free)`,
    used: ["ROCm0 discrete"],
    leftOut: { ROCm1: INTEGRATED },
  },
  {
    machine: "two AMD cards around a processor's GPU",
    source: "public",
    text: `Available devices:
  ROCm0: AMD Radeon AI PRO R9700 (32624 MiB, 32472 MiB free)
  ROCm1: AMD Radeon(TM) Graphics (12381 MiB, 12099 MiB free)
  ROCm2: AMD Radeon AI PRO R9700 (32624 MiB, 32472 MiB free)`,
    used: ["ROCm0 discrete", "ROCm2 discrete"],
    leftOut: { ROCm1: INTEGRATED },
  },
  {
    machine: "a Ryzen AI processor",
    source: "public",
    text: `ggml_cuda_init: found 1 ROCm devices:
  Device 0: AMD Radeon(TM) Graphics, gfx1151 (0x1151), VMM: no, Wave Size: 32
Available devices:
  ROCm0: AMD Radeon(TM) Graphics (110511 MiB, 110357 MiB free)`,
    start: `ggml_cuda_init: found 1 ROCm devices:
  Device 0: AMD Radeon(TM) Graphics, gfx1151 (0x1151), VMM: no, Wave Size: 32`,
    used: ["ROCm0 integrated"],
  },
  {
    machine: "two AMD cards under a build that adds their places",
    source: "public",
    text: `Available devices:
  ROCm0: AMD Radeon RX 7600 (8176 MiB, 6842 MiB free) [PCI 0000:06:00.0]
  ROCm1: AMD Radeon RX 7900 XT (20464 MiB, 13922 MiB free) [PCI 0000:0e:00.0]`,
    used: ["ROCm0 discrete", "ROCm1 discrete"],
  },
  {
    machine: "Apple's chip",
    source: "public",
    text: `0.00.005 I srv  llama_server: initializing ...
Available devices:
  MTL0: Apple M5 Pro (53084 MiB, 53083 MiB free)
  BLAS: Accelerate (0 MiB, 0 MiB free)`,
    used: ["MTL0 integrated"],
  },
  {
    machine: "Apple's chip under a build of 2025",
    source: "ardanlabs/kronk #10",
    text: `ggml_metal_device_init: tensor API disabled for pre-M5 and pre-A19 devices
ggml_metal_library_init: using embedded metal library
ggml_metal_library_init: loaded in 5.070 sec
ggml_metal_device_init: GPU name:   Apple M4 Max
ggml_metal_device_init: GPU family: MTLGPUFamilyApple9  (1009)
ggml_metal_device_init: has unified memory    = true
ggml_metal_device_init: recommendedMaxWorkingSetSize  = 103079.22 MB
Available devices:
  Metal: Apple M4 Max (98304 MiB, 98303 MiB free)
  BLAS: Accelerate (0 MiB, 0 MiB free)`,
    used: ["Metal integrated"],
  },
  {
    machine: "a Mac without Metal",
    source: "ggml-org/llama.cpp #14966",
    text: "Available devices:\n",
    used: [],
  },
  {
    machine: "Intel's card before its processor's GPU under SYCL",
    source: "public",
    text: `Available devices:
  SYCL0: Intel(R) Arc(TM) Pro B70 Graphics (32656 MiB, 31665 MiB free)
  SYCL1: Intel(R) Graphics (29115 MiB, 11642 MiB free)`,
    used: ["SYCL0 discrete"],
    leftOut: { SYCL1: INTEGRATED },
  },
  {
    machine: "Intel's card that its driver has no name for",
    source: "public",
    text: "Available devices:\n  SYCL0: Intel(R) Graphics [0xe223] (32657 MiB, 32145 MiB free)",
    used: ["SYCL0 discrete"],
  },
  {
    machine: "Intel's processor whose GPU the driver has no name for",
    source: "public",
    text: "Available devices:\n  SYCL0: Intel(R) Graphics [0x64a0] (16823 MiB, 16823 MiB free)",
    used: ["SYCL0 integrated"],
  },
  {
    machine: "Intel's processor of 2024 under SYCL, most of whose memory is in use",
    source: "public",
    text: "Available devices:\n  SYCL0: Intel(R) Arc(TM) Graphics (29283 MiB, 6959 MiB free)",
    used: ["SYCL0 integrated"],
  },
  {
    machine: "Intel's processor's GPU before two cards, with more free than there is",
    source: "public",
    text: `Available devices:
  Vulkan0: Intel(R) Graphics                  (74286 MiB, 103494 MiB free)
  Vulkan1: Intel(R) Arc(TM) Pro B70 Graphics  (32558 MiB,  31789 MiB free)
  Vulkan2: Intel(R) Arc(TM) Pro B70 Graphics  (32558 MiB,  31789 MiB free)`,
    used: ["Vulkan1 discrete", "Vulkan2 discrete"],
    leftOut: { Vulkan0: INTEGRATED },
  },
  {
    machine: "four of Intel's cards, which Mesa calls as it calls a processor's GPU",
    source: "public",
    text: `Available devices:
  Vulkan0: Intel(R) Graphics (BMG G31) (32656 MiB, 29337 MiB free)
  Vulkan1: Intel(R) Graphics (BMG G31) (32656 MiB, 29369 MiB free)
  Vulkan2: Intel(R) Graphics (BMG G31) (32656 MiB, 29369 MiB free)
  Vulkan3: Intel(R) Graphics (BMG G31) (32656 MiB, 29369 MiB free)`,
    used: ["Vulkan0 discrete", "Vulkan1 discrete", "Vulkan2 discrete", "Vulkan3 discrete"],
  },
  {
    machine: "OpenVINO, which does not say on what it runs, and has main memory",
    source: "ggml-org/llama.cpp #26393",
    text: `OpenVINO: using device GPU
Available devices:
  OPENVINO0: OpenVINO Runtime (15762 MiB, 6674 MiB free)`,
    used: ["OPENVINO0 integrated"],
  },
  {
    machine: "OpenVINO, which lists the CPU",
    source: "public",
    text: `Available devices:
  OPENVINO0: GGML_OPENVINO_DEVICE=CPU (selected) - 12th Gen Intel(R) Core(TM) i5-12500H (16076 MiB, 7834 MiB free)
  OPENVINO1: GGML_OPENVINO_DEVICE=GPU - Intel(R) Iris(R) Xe Graphics (iGPU) (7105 MiB, 7105 MiB free)`,
    used: ["OPENVINO1 integrated"],
    leftOut: { OPENVINO0: SOFTWARE },
  },
  {
    machine: "a software renderer without memory",
    source: "public",
    text: "Available devices:\n  Vulkan0: llvmpipe (LLVM 15.0.7, 256 bits) (0 MiB, 0 MiB free)",
    used: [],
  },
  {
    machine: "devices of other machines, which the user's LLAMA_ARG_RPC names",
    source: "public",
    text: `Available devices:
  MTL0: Apple M4 (18186 MiB, 18185 MiB free)
  BLAS: Accelerate (0 MiB, 0 MiB free)
  RPC0: 192.168.1.39:50052 (18186 MiB, 18185 MiB free)
  RPC1: 192.168.1.39:50052 (0 MiB, 0 MiB free)`,
    used: ["MTL0 integrated"],
  },
];
