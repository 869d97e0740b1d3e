package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLaunchTemplateVersions(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	lt := h.create(typeLaunchTemplate, "lt", object{"name": "lt", "imageId": "ami-1"})
	type numbers struct{ Latest, Default any }
	of := func(m made) numbers {
		return numbers{plain(m.outputs).get("latestVersion"), plain(m.outputs).get("defaultVersion")}
	}
	steps := []struct {
		name       string
		in         object
		preview    numbers
		want       numbers
		wantImages []string
	}{
		{"tags", object{"name": "lt", "imageId": "ami-1", "tags": object{"a": "b"}}, numbers{1.0, 1.0}, numbers{1.0, 1.0}, []string{"ami-1"}},
		{"content", object{"name": "lt", "imageId": "ami-2"}, numbers{unknown{}, 1.0}, numbers{2.0, 1.0}, []string{"ami-1", "ami-2"}},
		{"with the default", object{"name": "lt", "imageId": "ami-3", "updateDefaultVersion": true},
			numbers{unknown{}, unknown{}}, numbers{3.0, 3.0}, []string{"ami-1", "ami-2", "ami-3"}},
	}
	for _, s := range steps {
		if d := cmp.Diff(s.preview, of(h.update(lt, s.in, true))); d != "" {
			t.Errorf("%s, preview: %s", s.name, d)
		}
		lt = h.update(lt, s.in, false)
		if d := cmp.Diff(s.want, of(lt)); d != "" {
			t.Errorf("%s: %s", s.name, d)
		}
		var images []string
		for _, v := range h.stored(typeLaunchTemplate, lt.id).Versions {
			images = append(images, props(v).str("imageId"))
		}
		if d := cmp.Diff(s.wantImages, images); d != "" {
			t.Errorf("%s, versions: %s", s.name, d)
		}
	}
}
