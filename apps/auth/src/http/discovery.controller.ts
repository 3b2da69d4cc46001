import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ACCESS_TOKEN, AUTH_PATHS, SCOPE_NAMES } from '@agent-forge/contracts';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** What others need to know of this service, by its issuer's URL alone (OpenID Connect Discovery 1.0, RFC 8414). */
@ApiTags('discovery')
@Controller()
export class DiscoveryController {
  constructor(@Inject(TokenIssuer) private readonly issuer: TokenIssuer) {}

  /** There is no page to log in with, and so no id token: what OpenID Connect demands of those stands empty. */
  @ApiAnswer(200, 'ServerMetadata', {
    summary: 'What others need to know of this service (OpenID Connect Discovery 1.0, RFC 8414).',
    errors: [],
  })
  @Get([AUTH_PATHS.openIdConfiguration, AUTH_PATHS.serverMetadata])
  @Header('cache-control', 'public, max-age=60')
  metadata(): object {
    const issuer = this.issuer.url();
    const at = (path: string) => issuer.replace(/\/$/, '') + path;
    return {
      issuer,
      jwks_uri: at(AUTH_PATHS.jwks),
      token_endpoint: at(AUTH_PATHS.token),
      revocation_endpoint: at(AUTH_PATHS.revoke),
      grant_types_supported: ['client_credentials', 'refresh_token'],
      response_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [ACCESS_TOKEN.algorithm],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      scopes_supported: SCOPE_NAMES,
    };
  }
}
