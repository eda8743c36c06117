// Package main walks Palette's public API as its own clients do: with the transport library that
// they are generated on, driven by the published description of the API. What such a client insists
// on is checked at every call: the one success status that is declared, a content type it has a
// reader for, and an answer that fits the declared model. Fields that no model has are counted.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/go-openapi/loads"
	"github.com/go-openapi/runtime"
	"github.com/go-openapi/runtime/client"
	"github.com/go-openapi/spec"
	"github.com/go-openapi/strfmt"
	"github.com/go-openapi/validate"
)

type operation struct {
	method, path string
	status       int
	schema       *spec.Schema
	isFile       bool
}

type api struct {
	rt      *client.Runtime
	root    *spec.Swagger
	ops     map[string]operation
	auth    runtime.ClientAuthInfoWriter
	project string
	walked  map[string]bool
	odd     map[string]bool // fields that no model has
}

func newAPI(swagger, host, key string, transport *http.Client) (*api, error) {
	doc, err := loads.Spec(swagger)
	if err != nil {
		return nil, err
	}
	a := &api{root: doc.Spec(), ops: map[string]operation{}, walked: map[string]bool{},
		odd: map[string]bool{}}
	a.rt = client.NewWithClient(host, "", []string{"https"}, transport)
	a.auth = client.APIKeyAuth("ApiKey", "header", key)
	for path, item := range a.root.Paths.Paths {
		for method, op := range map[string]*spec.Operation{"GET": item.Get, "PUT": item.Put,
			"POST": item.Post, "DELETE": item.Delete, "PATCH": item.Patch} {
			if op != nil {
				a.ops[op.ID] = declared(method, path, op)
			}
		}
	}
	return a, nil
}

// declared takes what the description says of one operation; there is one success each.
func declared(method, path string, op *spec.Operation) operation {
	ret := operation{method: method, path: path}
	for status, response := range op.Responses.StatusCodeResponses {
		ret.status, ret.schema = status, response.Schema
	}
	ret.isFile = ret.schema != nil && (ret.schema.Format == "binary" || ret.schema.Type.Contains("file"))
	return ret
}

// refusal is an answer with another status than the declared one.
type refusal struct {
	status int
	code   string
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.text) }

type params struct {
	path, query map[string]string
	body        any
}

func (p params) WriteToRequest(r runtime.ClientRequest, _ strfmt.Registry) error {
	for name, value := range p.path {
		if err := r.SetPathParam(name, value); err != nil {
			return err
		}
	}
	for name, value := range p.query {
		if err := r.SetQueryParam(name, value); err != nil {
			return err
		}
	}
	if p.body != nil {
		return r.SetBodyParam(p.body)
	}
	return nil
}

type scoped struct {
	params
	project string
}

func (s scoped) WriteToRequest(r runtime.ClientRequest, f strfmt.Registry) error {
	if s.project != "" {
		if err := r.SetHeaderParam("ProjectUid", s.project); err != nil {
			return err
		}
	}
	return s.params.WriteToRequest(r, f)
}

func (a *api) call(id string, p params) (any, error) {
	op, known := a.ops[id]
	if !known {
		return nil, fmt.Errorf("%s: the description has no such operation", id)
	}
	a.walked[id] = true
	produces := "application/json"
	if op.isFile {
		produces = "application/octet-stream"
	}
	answer, err := a.rt.Submit(&runtime.ClientOperation{ID: id, Method: op.method,
		PathPattern: op.path, ProducesMediaTypes: []string{produces},
		ConsumesMediaTypes: []string{"application/json"}, Schemes: []string{"https"},
		Params: scoped{p, a.project}, AuthInfo: a.auth,
		Reader: runtime.ClientResponseReaderFunc(
			func(r runtime.ClientResponse, c runtime.Consumer) (any, error) {
				return a.read(id, op, r, c)
			})})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id, err)
	}
	return answer, nil
}

func (a *api) read(id string, op operation, r runtime.ClientResponse, c runtime.Consumer) (any, error) {
	if r.Code() != op.status {
		return nil, refused(r)
	}
	if op.schema == nil {
		rest, _ := io.ReadAll(r.Body())
		if len(rest) > 0 {
			return nil, fmt.Errorf("a body where none is declared: %q", rest)
		}
		return nil, nil
	}
	if op.isFile {
		var file bytes.Buffer
		err := c.Consume(r.Body(), &file)
		return file.String(), err
	}
	var answer any
	if err := c.Consume(r.Body(), &answer); err != nil {
		return nil, err
	}
	answer = plain(answer)
	if err := validate.AgainstSchema(a.expanded(op.schema), answer, strfmt.Default); err != nil {
		return nil, fmt.Errorf("does not fit its model: %w", err)
	}
	a.strangers(id, op.schema, answer)
	return answer, nil
}

// refused reads a v1Error; an answer that is none is an error of its own.
func refused(r runtime.ClientResponse) error {
	var e struct {
		Code, Message, Ref *string
		Details            map[string]any
	}
	text, _ := io.ReadAll(r.Body())
	kind := r.GetHeader("Content-Type")
	if err := json.Unmarshal(text, &e); err != nil || e.Code == nil || e.Message == nil ||
		e.Ref == nil || e.Details == nil || !strings.HasPrefix(kind, "application/json") {
		return fmt.Errorf("%d with %s is no v1Error: %q", r.Code(), kind, text)
	}
	return &refusal{r.Code(), *e.Code, *e.Message}
}

// plain turns json.Number, which the library makes, into what the validator counts with.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	}
	return v
}

func (a *api) expanded(s *spec.Schema) *spec.Schema {
	text, _ := json.Marshal(s)
	var copied spec.Schema
	_ = json.Unmarshal(text, &copied)
	_ = spec.ExpandSchema(&copied, a.root, nil)
	return &copied
}

// strangers notes fields that the model does not declare.
func (a *api) strangers(where string, s *spec.Schema, v any) {
	for s.Ref.String() != "" {
		next := a.root.Definitions[strings.TrimPrefix(s.Ref.String(), "#/definitions/")]
		s = &next
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if s.Items != nil && s.Items.Schema != nil {
				a.strangers(where+"[]", s.Items.Schema, item)
			}
		}
	case map[string]any:
		for name, value := range v {
			if property, known := s.Properties[name]; known {
				a.strangers(where+"."+name, &property, value)
			} else if s.AdditionalProperties == nil {
				a.odd[where+"."+name] = true
			}
		}
	}
}

// at follows a dotted path through maps and lists; nil when there is nothing.
func at(v any, path string) any {
	for _, part := range strings.Split(path, ".") {
		switch here := v.(type) {
		case map[string]any:
			v = here[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(here) {
				return nil
			}
			v = here[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any, path string) string {
	s, _ := at(v, path).(string)
	return s
}

func sorted(set map[string]bool) []string {
	var names []string
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func tokenAuth(token string) runtime.ClientAuthInfoWriter {
	return client.APIKeyAuth("Authorization", "header", token)
}
