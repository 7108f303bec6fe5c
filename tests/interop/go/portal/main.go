// A portal made of go-oidc and golang.org/x/oauth2: one JSON object a line comes in, one goes out. Driven by test_go_oidc.py, which is the browser.
// First line: {issuer, client_id, client_secret, redirect_uri, scopes, expect (client id to verify for)}; then {do: …}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type order struct {
	Do, Issuer, Code, Verifier, Url string
	ClientId                        string `json:"client_id"`
	ClientSecret                    string `json:"client_secret"`
	RedirectUri                     string `json:"redirect_uri"`
	Nonce                           string
	Expect                          string
	Scopes                          []string
	Pkce                            string
}

var (
	lines = bufio.NewScanner(os.Stdin)
	ctx   = context.Background()
)

func next() (o order, ok bool) {
	if !lines.Scan() {
		return o, false
	}
	return o, json.Unmarshal(lines.Bytes(), &o) == nil
}

func say(v any) {
	text, _ := json.Marshal(v)
	fmt.Println(string(text))
}

// What the provider answered, when it was the provider that refused.
func fail(err error) {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		say(map[string]any{"failed": refused.ErrorCode})
		return
	}
	say(map[string]any{"failed": err.Error()})
}

type portal struct {
	provider *oidc.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	token    *oauth2.Token
	pkce     string
}

func (p *portal) authorize(o order) (any, error) {
	p.pkce = oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oidc.Nonce("n-1")}
	switch o.Pkce {
	case "none":
	case "plain":
		options = append(options, oauth2.SetAuthURLParam("code_challenge", p.pkce), oauth2.SetAuthURLParam("code_challenge_method", "plain"))
	default:
		options = append(options, oauth2.S256ChallengeOption(p.pkce))
	}
	return map[string]any{"url": p.config.AuthCodeURL("s-1", options...)}, nil
}

func (p *portal) callback(o order) (any, error) {
	verifier := p.pkce
	if o.Verifier != "" {
		verifier = o.Verifier
	}
	token, err := p.config.Exchange(ctx, o.Code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != "n-1" {
		return nil, errors.New("nonce")
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, err
	}
	p.token = token
	var claims map[string]any
	err = idToken.Claims(&claims)
	return map[string]any{"claims": claims, "refresh_token": token.RefreshToken, "id_token": raw}, err
}

func (p *portal) userinfo(order) (any, error) {
	info, err := p.provider.UserInfo(ctx, oauth2.StaticTokenSource(p.token))
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	err = info.Claims(&claims)
	return map[string]any{"userinfo": claims}, err
}

func (p *portal) refresh(order) (any, error) {
	old := *p.token
	old.Expiry = time.Now().Add(-time.Hour)
	token, err := p.config.TokenSource(ctx, &old).Token()
	if err != nil {
		return nil, err
	}
	p.token = token
	return map[string]any{"refresh_token": token.RefreshToken}, nil
}

func main() {
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	o, ok := next()
	if !ok {
		return
	}
	provider, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		fail(err)
		return
	}
	p := &portal{provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: o.Expect})}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // left to guess, it tries a refused code a second time in another way, and reports that refusal
	p.config = oauth2.Config{ClientID: o.ClientId, ClientSecret: o.ClientSecret, Endpoint: endpoint, RedirectURL: o.RedirectUri, Scopes: o.Scopes}
	say(map[string]any{"ready": true})
	acts := map[string]func(order) (any, error){"authorize": p.authorize, "callback": p.callback, "userinfo": p.userinfo, "refresh": p.refresh}
	for o, ok := next(); ok && acts[o.Do] != nil; o, ok = next() {
		answer, err := acts[o.Do](o)
		if err != nil {
			fail(err)
			continue
		}
		say(answer)
	}
}
