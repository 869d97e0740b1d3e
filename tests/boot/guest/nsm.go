package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

// registers are those that an EIF or its parent sets: image, kernel, application,
// parent's role, parent's id, signer.
var registers = []int{0, 1, 2, 3, 4, 8}

// describe asks the security module.
func describe() (report.Module, error) {
	file, err := os.OpenFile("/dev/nsm", os.O_RDWR, 0)
	if err != nil {
		return report.Module{}, err
	}
	defer func() { _ = file.Close() }()
	var answer struct {
		DescribeNSM struct {
			Digest  string `cbor:"digest"`
			MaxPCRs int    `cbor:"max_pcrs"`
		}
	}
	if err := ask(file, "DescribeNSM", &answer); err != nil {
		return report.Module{}, err
	}
	m := report.Module{Digest: answer.DescribeNSM.Digest, MaxPCRs: answer.DescribeNSM.MaxPCRs, PCRs: map[int]report.PCR{}}
	for _, index := range registers {
		if m.PCRs[index], err = describePCR(file, index); err != nil {
			return m, err
		}
	}
	return m, nil
}

func describePCR(file *os.File, index int) (report.PCR, error) {
	request := map[string]any{"DescribePCR": map[string]any{"index": index}}
	var answer struct {
		DescribePCR struct {
			Lock bool   `cbor:"lock"`
			Data []byte `cbor:"data"`
		}
	}
	if err := ask(file, request, &answer); err != nil {
		return report.PCR{}, fmt.Errorf("register %d: %w", index, err)
	}
	return report.PCR{Value: hex.EncodeToString(answer.DescribePCR.Data), Locked: answer.DescribePCR.Lock}, nil
}

// nsmRaw is NSM_IOCTL_RAW of linux/nsm.h: _IOWR(0x0A, 0, struct nsm_raw), which is
// two iovecs, request and response.
const nsmRaw = 0xC0200A00

// responseSize is NSM_RESPONSE_MAX_SIZE of the driver.
const responseSize = 0x3000

// ask sends a request in CBOR and decodes the answer.
func ask(file *os.File, request, answer any) error {
	in, err := cbor.Marshal(request)
	if err != nil {
		return err
	}
	out := make([]byte, responseSize)
	vectors := [2]unix.Iovec{{Base: &in[0]}, {Base: &out[0]}}
	vectors[0].SetLen(len(in))
	vectors[1].SetLen(len(out))
	//nolint:gosec // an ioctl takes a pointer
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), nsmRaw, uintptr(unsafe.Pointer(&vectors)))
	runtime.KeepAlive(in)
	runtime.KeepAlive(out)
	if errno != 0 {
		return fmt.Errorf("asking the security module: %w", errno)
	}
	if err := cbor.Unmarshal(out[:vectors[1].Len], answer); err != nil {
		return fmt.Errorf("reading %x: %w", out[:vectors[1].Len], err)
	}
	return nil
}
