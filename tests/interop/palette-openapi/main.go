package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

const patience = 60 * time.Second

// walk is one run through all sequences; what an earlier one found is there for the later ones.
type walk struct {
	*api
	s                                  *site
	gateway                            *exec.Cmd
	pcg, account, cluster, cloudConfig string
	agent                              *agent
}

type m = map[string]any

func uidOf(v any) string { return text(v, "uid") }

// until asks again until the answer is as wanted.
func until(what string, done func() (bool, error)) error {
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		<-time.After(200 * time.Millisecond)
	}
	return fmt.Errorf("after %s still not: %s", patience, what)
}

// refusedWith says whether the call was refused with that status and code.
func refusedWith(err error, status int, code string) error {
	var r *refusal
	if errors.As(err, &r) && r.status == status && r.code == code {
		return nil
	}
	return fmt.Errorf("wanted %d %s, got: %v", status, code, err)
}

func id(uid string) params { return params{path: map[string]string{"uid": uid}} }

func (w *walk) body(op string, p params, body any) (any, error) {
	p.body = body
	return w.call(op, p)
}

func (w *walk) get(op string, p params, path, wanted string) error {
	v, err := w.call(op, p)
	if err == nil && fmt.Sprint(at(v, path)) != wanted {
		err = fmt.Errorf("%s: %s is %v, not %s", op, path, at(v, path), wanted)
	}
	return err
}

func main() {
	s, err := newSite()
	if err != nil {
		fmt.Println("RED site:", err)
		os.Exit(1)
	}
	a, err := newAPI(os.Getenv("SITE_SWAGGER"), s.palette, s.key, s.client)
	if err != nil {
		fmt.Println("RED description:", err)
		os.Exit(1)
	}
	w := &walk{api: a, s: s}
	red := 0
	for _, step := range sequences {
		if err := step.walk(w); err != nil {
			fmt.Printf("RED %s: %v\n", step.name, err)
			if v, err := w.call("v1SpectroClustersGet", id(w.cluster)); w.cluster != "" && err == nil {
				fmt.Println("the cluster:", at(v, "status"))
			}
			red = 1
			break
		}
		fmt.Println("ok", step.name)
	}
	s.end()
	for _, field := range sorted(a.odd) {
		fmt.Println("RED no model has", field)
		red = 1
	}
	fmt.Printf("%d of the %d operations of the description were walked\n", len(a.walked), len(a.ops))
	os.Exit(red)
}
