package main

import (
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// dataFile is where moto keeps the answer, inside its wheel.
const dataFile = "moto/ec2/resources/instance_types.json.gz"

// release is a wheel of moto.
type release struct {
	version string
	date    string // when the data file was packed, year-month-day
	types   map[string]described
}

// described is an element of DescribeInstanceTypes' answer, as far as it matters.
type described struct {
	BareMetal            bool
	Hypervisor           string
	NitroEnclavesSupport string
	MemoryInfo           struct{ SizeInMiB int }
	VCPUInfo             struct {
		DefaultVCPUs          int `json:"DefaultVCpus"`
		DefaultThreadsPerCore int
	} `json:"VCpuInfo"`
	ProcessorInfo struct{ SupportedArchitectures []string }
	NetworkInfo   struct {
		DefaultNetworkCardIndex   int
		IPv4AddressesPerInterface int `json:"Ipv4AddressesPerInterface"`
		NetworkCards              []struct {
			NetworkCardIndex         int
			MaximumNetworkInterfaces int
		}
	}
	GPUInfo                  json.RawMessage `json:"GpuInfo"`
	InferenceAcceleratorInfo json.RawMessage
	NeuronInfo               json.RawMessage
	FPGAInfo                 json.RawMessage `json:"FpgaInfo"`
	MediaAcceleratorInfo     json.RawMessage
}

func readWheel(path string) (release, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return release{}, err
	}
	defer func() { _ = archive.Close() }()
	for _, f := range archive.File {
		if f.Name != dataFile {
			continue
		}
		r := release{version: versionOf(path), date: f.Modified.UTC().Format("2006-01-02")}
		r.types, err = readTypes(f)
		return r, err
	}
	return release{}, fmt.Errorf("has no %s", dataFile)
}

// versionOf reads the release off a wheel's name: "moto-5.2.5-py3-none-any.whl".
func versionOf(path string) string {
	name := strings.TrimPrefix(filepath.Base(path), "moto-")
	version, _, _ := strings.Cut(name, "-")
	return version
}

func readTypes(f *zip.File) (map[string]described, error) {
	packed, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = packed.Close() }()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	// To the end, so that a damaged file is noticed.
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	var types map[string]described
	return types, json.Unmarshal(text, &types)
}

func (d described) accelerated() bool {
	for _, info := range []json.RawMessage{d.GPUInfo, d.InferenceAcceleratorInfo, d.NeuronInfo, d.FPGAInfo, d.MediaAcceleratorInfo} {
		if len(info) > 0 {
			return true
		}
	}
	return false
}
