// Sentry is Dapr's certificate authority, for tests of what depends on the identity of a sidecar, as access control does.
//
// It is made of the parts of the official one, which listens for sidecars, health and metrics on every address of the
// machine and cannot be told otherwise. Everybody gets the certificate that they ask for: this is for tests only.
package main

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"time"

	"github.com/dapr/dapr/pkg/healthz"
	sentryv1 "github.com/dapr/dapr/pkg/proto/sentry/v1"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/dapr/pkg/sentry/config"
	"github.com/dapr/dapr/pkg/sentry/server"
	"github.com/dapr/dapr/pkg/sentry/server/ca"
	"github.com/dapr/dapr/pkg/sentry/server/validator"
	"github.com/dapr/dapr/pkg/sentry/server/validator/insecure"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"github.com/spf13/pflag"
)

const (
	loopback  = "127.0.0.1"
	namespace = "default"
	appID     = "dapr-sentry"
)

var log = logger.NewLogger("dapr.sentry")

func main() {
	port := pflag.Int("port", config.DefaultPort, "The port of 127.0.0.1 to listen on")
	folder := pflag.String("credentials", ".", "The folder of its certificates and key; they are made if it has none")
	domain := pflag.String("trust-domain", "localhost", "The domain of its own identity; that of apps is `public`")
	pflag.Parse()
	if err := run(signals.Context(), *port, *folder, *domain); err != nil {
		log.Fatalf("The authority ended: %v", err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, port int, folder, domain string) error {
	authority, err := ca.New(ctx, config.Config{
		TrustDomain:      domain,
		WorkloadCertTTL:  time.Hour,
		AllowedClockSkew: time.Minute,
		RootCertPath:     filepath.Join(folder, config.DefaultRootCertFilename),
		IssuerCertPath:   filepath.Join(folder, config.DefaultIssuerCertFilename),
		IssuerKeyPath:    filepath.Join(folder, config.DefaultIssuerKeyFilename),
	})
	if err != nil {
		return err
	}
	health := healthz.New()
	identity, err := security.New(ctx, security.Options{
		ControlPlaneTrustDomain: domain,
		ControlPlaneNamespace:   namespace,
		AppID:                   appID,
		TrustAnchors:            authority.TrustAnchors(),
		MTLSEnabled:             true,
		Healthz:                 health,
		// Its own certificate it signs itself, for there is nobody above it to be asked.
		OverrideCertRequestFn: func(ctx context.Context, raw []byte) ([]*x509.Certificate, error) {
			request, err := x509.ParseCertificateRequest(raw)
			if err != nil {
				return nil, err
			}
			return authority.SignIdentity(ctx, &ca.SignRequest{
				PublicKey:          request.PublicKey,
				SignatureAlgorithm: request.SignatureAlgorithm,
				TrustDomain:        domain,
				Namespace:          namespace,
				AppID:              appID,
			})
		},
	})
	if err != nil {
		return err
	}
	insecurely := sentryv1.SignCertificateRequest_INSECURE
	answers := server.New(server.Options{
		Port:             port,
		ListenAddress:    loopback,
		Security:         identity,
		Validators:       map[sentryv1.SignCertificateRequest_TokenValidator]validator.Validator{insecurely: insecure.New()},
		DefaultValidator: insecurely,
		CA:               authority,
		Healthz:          health,
	})
	return concurrency.NewRunnerManager(identity.Run, answers.Start).Run(ctx)
}
