//go:build linux

package nitro

// The driver's requests, from include/uapi/linux/nitro_enclaves.h: magic 0xAE, numbers
// 0x20 to 0x24, with direction and size of the argument above.
const (
	requestCreateVM    = 0x8008AE20 // _IOR, uint64: the slot's number; returns the enclave's descriptor
	requestAddVCPU     = 0xC004AE21 // _IOWR, uint32: a CPU, or 0 for whichever the driver picks
	requestLoadInfo    = 0xC010AE22 // _IOWR, imageLoadInfo
	requestSetMemory   = 0x4018AE23 // _IOW, memoryRegion
	requestStart       = 0xC010AE24 // _IOWR, startInfo
	flagImageEIF       = 1          // NE_EIF_IMAGE
	flagDefaultRegion  = 0          // NE_DEFAULT_MEMORY_REGION
	flagProductionMode = 0          // NE_ENCLAVE_PRODUCTION_MODE
	flagDebugMode      = 1          // NE_ENCLAVE_DEBUG_MODE
	anyCPU             = 0
	anyCID             = 0
)

// imageLoadInfo is struct ne_image_load_info.
type imageLoadInfo struct {
	flags        uint64
	memoryOffset uint64
}

// memoryRegion is struct ne_user_memory_region.
type memoryRegion struct {
	flags       uint64
	memorySize  uint64
	userAddress uint64
}

// startInfo is struct ne_enclave_start_info.
type startInfo struct {
	flags uint64
	cid   uint64
}
