package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// site is what the script has started, and the gateway and the node that this program plays with.
type site struct {
	dir, palette, maas, key, gateway string
	client                           *http.Client
	started                          []*exec.Cmd
}

func newSite() (*site, error) {
	s := &site{dir: os.Getenv("SITE_DIR"), palette: os.Getenv("SITE_PALETTE"),
		maas: os.Getenv("SITE_MAAS"), gateway: os.Getenv("SITE_GATEWAY")}
	pem, err := os.ReadFile(filepath.Join(s.dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	anchors := x509.NewCertPool()
	anchors.AppendCertsFromPEM(pem)
	key, err := os.ReadFile(filepath.Join(s.dir, "api-key"))
	s.key = strings.TrimSpace(string(key))
	s.client = &http.Client{Timeout: 40 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: anchors}}}
	return s, err
}

// startGateway runs the reference gateway as its launch contract says, in folders of its own.
func (s *site) startGateway(uid, code string) (*exec.Cmd, error) {
	state, secrets := filepath.Join(s.dir, uid, "state"), filepath.Join(s.dir, uid, "secrets")
	for _, dir := range []string{state, secrets} {
		if err := os.MkdirAll(dir, 0700); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"pairing-code": code, "maas-key": s.maasKey()} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text+"\n"), 0600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(s.gateway)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "GP_CONTRACT=1", "GP_PROFILE=1.0", "GP_FEATURES=pcg",
		"GP_RUN=interop", "GP_STATE_DIR=" + state, "GP_SECRETS_DIR=" + secrets, "GP_PALETTE_URL=https://" + s.palette,
		"GP_PALETTE_CA_FILE=" + filepath.Join(s.dir, "ca.pem"), "GP_PCG_UID=" + uid,
		"GP_MAAS_URL=" + s.maas}
	log, err := os.OpenFile(filepath.Join(s.dir, "gateway.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0600)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	s.started = append(s.started, cmd)
	return cmd, cmd.Start()
}

// end stops whatever still runs.
func (s *site) end() {
	for _, cmd := range s.started {
		if cmd.Process != nil && cmd.ProcessState == nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	}
}

func (s *site) maasKey() string {
	key, _ := os.ReadFile(filepath.Join(s.dir, "maas-key"))
	return strings.TrimSpace(string(key))
}

// agent is the one that the node's user data would start: it registers, beats and gives back.
type agent struct {
	s                 *site
	uid, token, epoch string
}

// The agent's configuration is JSON within YAML, quoted or in a block.
var configLine = regexp.MustCompile(`clusterUid\\*":\s*\\*"([0-9a-f]+)`)
var joinLine = regexp.MustCompile(`joinToken\\*":\s*\\*"([A-Za-z0-9_-]+)`)

// boot fetches the user data as the machine does, from its own address, and registers with what is
// in it; nil as long as there is none.
func (s *site) boot(systemID, address string) (*agent, error) {
	from := &net.TCPAddr{IP: net.ParseIP(address)}
	machine := &http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext}}
	r, err := machine.Get(s.maas + "/metadata/2012-03-01/by-id/" + systemID + "/user-data")
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	data, _ := io.ReadAll(r.Body)
	cluster, join := configLine.FindSubmatch(data), joinLine.FindSubmatch(data)
	if r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusForbidden {
		return nil, nil // not yet deploying, or not yet at its address
	}
	if r.StatusCode != 200 || cluster == nil || join == nil {
		return nil, fmt.Errorf("user data of %s: %d %.200q", systemID, r.StatusCode, data)
	}
	a := &agent{s: s, uid: string(cluster[1])}
	var answer struct {
		Token string
	}
	err = a.send("POST", "/v1/x-gp/agent/register", map[string]any{"clusterUid": a.uid,
		"joinToken": string(join[1]), "systemId": systemID, "hostname": systemID, "role": "init"}, &answer)
	a.token = answer.Token
	return a, err
}

func (a *agent) send(method, path string, body, answer any) error {
	text, _ := json.Marshal(body)
	r, _ := http.NewRequest(method, "https://"+a.s.palette+path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	if a.token != "" {
		r.Header.Set("Authorization", a.token)
	}
	got, err := a.s.client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, _ = io.ReadAll(got.Body)
	if got.StatusCode >= 300 {
		return fmt.Errorf("agent: %s %s: %d %s", method, path, got.StatusCode, text)
	}
	if answer != nil && len(text) > 0 {
		return json.Unmarshal(text, answer)
	}
	return nil
}

func (a *agent) beat() error {
	return a.send("PUT", "/v1/spectroclusters/"+a.uid+"/heartbeat",
		map[string]any{"agentVersion": "interop", "message": ""}, nil)
}
