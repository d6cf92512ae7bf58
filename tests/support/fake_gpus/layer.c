/*
 * A Vulkan layer that gives the devices below it other kinds, names, memory and identities, so that a software renderer
 * stands in for any set of GPUs. Each variable has one value for each device, in the loader's order, with ';' between them;
 * an empty one leaves the device as it is.
 *
 *   FAKE_VK_TYPES    VkPhysicalDeviceType: 1 integrated, 2 discrete
 *   FAKE_VK_NAMES    what llama.cpp lists as its description
 *   FAKE_VK_MB       size of every heap, in MiB
 *   FAKE_VK_FREE_MB  what the driver says is free, in MiB
 *   FAKE_VK_CARDS    number of the physical card: two devices of one number are one card
 *   FAKE_VK_LIMIT    when set, an allocation beyond FAKE_VK_FREE_MB fails
 *   FAKE_VK_LIMIT_MB where it fails instead, a list: less than what is told to be free
 *   FAKE_VK_LOST     a file with a byte for each process that is to lose the device, as by a reset of its driver. A process
 *                    takes its byte when it gives the device work, and nothing that it asks of the device succeeds from then on
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_GPUS 16
#define MAX_DEVICES 64
#define MAX_ALLOCATIONS 65536
#define MAX_VALUE 256

typedef struct {
  VkDevice handle;
  int gpu;
  int is_lost;
  PFN_vkGetDeviceProcAddr next;
} Device;

typedef struct {
  VkDeviceMemory handle;
  VkDeviceSize size;
  int gpu;
} Allocation;

static VkInstance instance;
static PFN_vkGetInstanceProcAddr next_instance;
static VkPhysicalDevice gpus[MAX_GPUS];
static uint32_t gpu_count;
static Device devices[MAX_DEVICES];
static int device_count;
static Allocation allocations[MAX_ALLOCATIONS];
static VkDeviceSize used[MAX_GPUS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) ((PFN_##name)next_instance(instance, #name))

/* Number of a device in the loader's order; what is past the last number counts as the first. */
static int gpu_number(VkPhysicalDevice gpu) {
  if (gpu_count == 0) {
    gpu_count = MAX_GPUS;
    NEXT(vkEnumeratePhysicalDevices)(instance, &gpu_count, gpus);
  }
  for (uint32_t i = 0; i < gpu_count; i++)
    if (gpus[i] == gpu) return i;
  return 0;
}

/* The value of one device, or null. */
static const char *value_of(const char *variable, int gpu, char value[MAX_VALUE]) {
  const char *start = getenv(variable);
  for (; start != NULL && gpu > 0; gpu--) {
    start = strchr(start, ';');
    if (start != NULL) start++;
  }
  if (start == NULL) return NULL;
  size_t length = strcspn(start, ";");
  if (length == 0 || length >= MAX_VALUE) return NULL;
  memcpy(value, start, length);
  value[length] = '\0';
  return value;
}

static int bytes_of(const char *variable, int gpu, VkDeviceSize *bytes) {
  char value[MAX_VALUE];
  if (value_of(variable, gpu, value) == NULL) return 0;
  *bytes = (VkDeviceSize)atoll(value) << 20;
  return 1;
}

/* The structure of this type in a chain, or null. */
static void *chained(void *chain, VkStructureType type) {
  VkBaseOutStructure *one = chain;
  while (one != NULL && one->sType != type) one = one->pNext;
  return one;
}

static void change_properties(int gpu, VkPhysicalDeviceProperties *properties) {
  char value[MAX_VALUE];
  if (value_of("FAKE_VK_TYPES", gpu, value) != NULL) properties->deviceType = atoi(value);
  if (value_of("FAKE_VK_NAMES", gpu, value) != NULL) {
    memset(properties->deviceName, 0, sizeof properties->deviceName);
    strncpy(properties->deviceName, value, sizeof properties->deviceName - 1);
  }
}

static void change_identity(int gpu, uint8_t uuid[VK_UUID_SIZE]) {
  char value[MAX_VALUE];
  int card = value_of("FAKE_VK_CARDS", gpu, value) == NULL ? gpu : atoi(value);
  uuid[0] = card + 1;
}

static void change_memory(int gpu, VkPhysicalDeviceMemoryProperties *memory) {
  VkDeviceSize size;
  if (!bytes_of("FAKE_VK_MB", gpu, &size)) return;
  for (uint32_t heap = 0; heap < memory->memoryHeapCount; heap++) memory->memoryHeaps[heap].size = size;
}

static void change_budget(int gpu, VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget) {
  VkDeviceSize available;
  if (budget == NULL || !bytes_of("FAKE_VK_FREE_MB", gpu, &available)) return;
  for (uint32_t heap = 0; heap < VK_MAX_MEMORY_HEAPS; heap++) {
    budget->heapBudget[heap] = available;
    budget->heapUsage[heap] = 0;
  }
}

static VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice gpu, VkPhysicalDeviceProperties *properties) {
  NEXT(vkGetPhysicalDeviceProperties)(gpu, properties);
  change_properties(gpu_number(gpu), properties);
}

static VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice gpu, VkPhysicalDeviceProperties2 *properties) {
  NEXT(vkGetPhysicalDeviceProperties2)(gpu, properties);
  int number = gpu_number(gpu);
  change_properties(number, &properties->properties);
  VkPhysicalDeviceIDProperties *ids = chained(properties->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES);
  if (ids != NULL) change_identity(number, ids->deviceUUID);
  VkPhysicalDeviceVulkan11Properties *core =
      chained(properties->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES);
  if (core != NULL) change_identity(number, core->deviceUUID);
}

static VKAPI_ATTR void VKAPI_CALL get_memory(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties *memory) {
  NEXT(vkGetPhysicalDeviceMemoryProperties)(gpu, memory);
  change_memory(gpu_number(gpu), memory);
}

static VKAPI_ATTR void VKAPI_CALL get_memory2(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties2 *memory) {
  NEXT(vkGetPhysicalDeviceMemoryProperties2)(gpu, memory);
  int number = gpu_number(gpu);
  change_memory(number, &memory->memoryProperties);
  change_budget(number, chained(memory->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT));
}

static Device *device_of(VkDevice handle) {
  for (int i = device_count - 1; i >= 0; i--)
    if (devices[i].handle == handle) return &devices[i];
  return NULL;
}

/* Whether a GPU has room for so much more, which is taken then. */
static int take(int gpu, VkDeviceSize size) {
  VkDeviceSize limit;
  int bounded = bytes_of("FAKE_VK_LIMIT_MB", gpu, &limit) ||
                (getenv("FAKE_VK_LIMIT") != NULL && bytes_of("FAKE_VK_FREE_MB", gpu, &limit));
  pthread_mutex_lock(&lock);
  int fits = !bounded || used[gpu] + size <= limit;
  if (fits) used[gpu] += size;
  pthread_mutex_unlock(&lock);
  return fits;
}

static void remember(VkDeviceMemory handle, VkDeviceSize size, int gpu) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_ALLOCATIONS; i++) {
    if (allocations[i].handle != VK_NULL_HANDLE) continue;
    allocations[i] = (Allocation){handle, size, gpu};
    break;
  }
  pthread_mutex_unlock(&lock);
}

static void give_back(VkDeviceMemory handle) {
  pthread_mutex_lock(&lock);
  for (int i = 0; handle != VK_NULL_HANDLE && i < MAX_ALLOCATIONS; i++) {
    if (allocations[i].handle != handle) continue;
    used[allocations[i].gpu] -= allocations[i].size;
    allocations[i].handle = VK_NULL_HANDLE;
    break;
  }
  pthread_mutex_unlock(&lock);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle, const VkMemoryAllocateInfo *wanted,
                                                      const VkAllocationCallbacks *callbacks, VkDeviceMemory *memory) {
  Device *device = device_of(handle);
  VkDeviceSize size = wanted->allocationSize;
  if (!take(device->gpu, size)) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  PFN_vkAllocateMemory next = (PFN_vkAllocateMemory)device->next(handle, "vkAllocateMemory");
  VkResult result = next(handle, wanted, callbacks, memory);
  if (result == VK_SUCCESS) {
    remember(*memory, size, device->gpu);
  } else {
    pthread_mutex_lock(&lock);
    used[device->gpu] -= size;
    pthread_mutex_unlock(&lock);
  }
  return result;
}

static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice handle, VkDeviceMemory memory,
                                              const VkAllocationCallbacks *callbacks) {
  give_back(memory);
  ((PFN_vkFreeMemory)device_of(handle)->next(handle, "vkFreeMemory"))(handle, memory, callbacks);
}

static int is_lost(Device *device) {
  char path[MAX_VALUE];
  struct stat file;
  pthread_mutex_lock(&lock);
  if (!device->is_lost && value_of("FAKE_VK_LOST", device->gpu, path) != NULL && stat(path, &file) == 0 &&
      file.st_size > 0)
    device->is_lost = truncate(path, file.st_size - 1) == 0;
  int lost = device->is_lost;
  pthread_mutex_unlock(&lock);
  return lost;
}

/* The loader gives a queue the dispatch table of its device. */
static Device *device_with(VkQueue queue) {
  for (int i = device_count - 1; i >= 0; i--)
    if (*(void **)devices[i].handle == *(void **)queue) return &devices[i];
  return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
  Device *device = device_with(queue);
  if (is_lost(device)) return VK_ERROR_DEVICE_LOST;
  return ((PFN_vkQueueSubmit)device->next(device->handle, "vkQueueSubmit"))(queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_for_fences(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all,
                                                      uint64_t timeout) {
  Device *device = device_of(handle);
  if (is_lost(device)) return VK_ERROR_DEVICE_LOST;
  return ((PFN_vkWaitForFences)device->next(handle, "vkWaitForFences"))(handle, count, fences, all, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL get_fence_status(VkDevice handle, VkFence fence) {
  Device *device = device_of(handle);
  if (is_lost(device)) return VK_ERROR_DEVICE_LOST;
  return ((PFN_vkGetFenceStatus)device->next(handle, "vkGetFenceStatus"))(handle, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *callbacks, VkInstance *created) {
  VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)info->pNext;
  while (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
    link = (VkLayerInstanceCreateInfo *)link->pNext;
  next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  PFN_vkCreateInstance next = (PFN_vkCreateInstance)next_instance(NULL, "vkCreateInstance");
  VkResult result = next(info, callbacks, created);
  if (result == VK_SUCCESS) {
    instance = *created;
    gpu_count = 0;
  }
  return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice gpu, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *callbacks, VkDevice *created) {
  VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)info->pNext;
  while (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
    link = (VkLayerDeviceCreateInfo *)link->pNext;
  PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  PFN_vkGetDeviceProcAddr next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  if (device_count == MAX_DEVICES) return VK_ERROR_TOO_MANY_OBJECTS;
  VkResult result = ((PFN_vkCreateDevice)next(instance, "vkCreateDevice"))(gpu, info, callbacks, created);
  if (result == VK_SUCCESS) devices[device_count++] = (Device){*created, gpu_number(gpu), 0, next_device};
  return result;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fake_device_function(VkDevice handle, const char *name) {
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)fake_device_function;
  if (strcmp(name, "vkAllocateMemory") == 0) return (PFN_vkVoidFunction)allocate_memory;
  if (strcmp(name, "vkFreeMemory") == 0) return (PFN_vkVoidFunction)free_memory;
  if (strcmp(name, "vkQueueSubmit") == 0) return (PFN_vkVoidFunction)queue_submit;
  if (strcmp(name, "vkWaitForFences") == 0) return (PFN_vkVoidFunction)wait_for_fences;
  if (strcmp(name, "vkGetFenceStatus") == 0) return (PFN_vkVoidFunction)get_fence_status;
  Device *device = device_of(handle);
  return device == NULL ? NULL : device->next(handle, name);
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fake_function(VkInstance handle, const char *name) {
  const struct {
    const char *name;
    PFN_vkVoidFunction function;
  } changed[] = {
      {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)fake_function},
      {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)fake_device_function},
      {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
      {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
      {"vkAllocateMemory", (PFN_vkVoidFunction)allocate_memory},
      {"vkFreeMemory", (PFN_vkVoidFunction)free_memory},
      {"vkQueueSubmit", (PFN_vkVoidFunction)queue_submit},
      {"vkWaitForFences", (PFN_vkVoidFunction)wait_for_fences},
      {"vkGetFenceStatus", (PFN_vkVoidFunction)get_fence_status},
      {"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)get_properties},
      {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)get_properties2},
      {"vkGetPhysicalDeviceProperties2KHR", (PFN_vkVoidFunction)get_properties2},
      {"vkGetPhysicalDeviceMemoryProperties", (PFN_vkVoidFunction)get_memory},
      {"vkGetPhysicalDeviceMemoryProperties2", (PFN_vkVoidFunction)get_memory2},
      {"vkGetPhysicalDeviceMemoryProperties2KHR", (PFN_vkVoidFunction)get_memory2},
  };
  for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++)
    if (strcmp(name, changed[i].name) == 0) return changed[i].function;
  return next_instance == NULL ? NULL : next_instance(handle == NULL ? instance : handle, name);
}
