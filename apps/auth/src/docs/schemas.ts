import { Type, type Static, type TSchema } from '@sinclair/typebox';
import {
  ROLES,
  SCOPE_NAMES,
  type ClientList,
  type KeyList,
  type KeyView,
  type MeView,
  type NewClient,
  type NewKey,
  type PrincipalView,
  type SigningKeyList,
  type SigningKeyView,
  type TenantList,
  type TenantView,
  type TokenAnswer,
  type UserList,
} from '@agent-forge/contracts';
import { closed, COMMON_SCHEMAS, same, Text, Time } from '@agent-forge/runtime/openapi';

const Role = Type.Union(ROLES.map((role) => Type.Literal(role)));
const Scopes = Type.Array(Type.Union(SCOPE_NAMES.map((scope) => Type.Literal(scope))));
const Disabled = Type.Boolean({ description: 'Whether it is let in no more.' });

const principal = {
  id: Text('Its name.'),
  tenant: Text('Whose it is.'),
  role: Role,
  scopes: Scopes,
  isDisabled: Disabled,
  createdAt: Time('When it was made.'),
  createdBy: Text('Who made it.'),
};
const PrincipalViewSchema = Type.Object(principal, closed);
const NewClientSchema = Type.Object({ ...principal, clientSecret: Text('Shown this once.') }, closed);
const UserListSchema = Type.Object({ users: Type.Array(PrincipalViewSchema) }, closed);
const ClientListSchema = Type.Object({ clients: Type.Array(PrincipalViewSchema) }, closed);

const key = {
  id: Text('Names the key.'),
  name: Text('For people.'),
  owner: Text('Whose it is.'),
  scopes: Scopes,
  createdAt: Time('When it was made.'),
  expiresAt: Time('When it ends.'),
};
const KeyViewSchema = Type.Object(key, closed);
const NewKeySchema = Type.Object({ ...key, key: Text('The key, shown this once.') }, closed);
const KeyListSchema = Type.Object({ keys: Type.Array(KeyViewSchema) }, closed);

const TenantViewSchema = Type.Object(
  {
    id: Text('Its name.'),
    isDisabled: Disabled,
    createdAt: Time('When it was made.'),
    createdBy: Text('Who made it.'),
  },
  closed,
);
const TenantListSchema = Type.Object({ tenants: Type.Array(TenantViewSchema) }, closed);

const MeViewSchema = Type.Object(
  { subject: Text('The name of the user or client.'), tenant: Text('Its tenant.'), role: Role, scopes: Scopes },
  closed,
);

const States = ['next', 'signing', 'retired'] as const;
const SigningKeyViewSchema = Type.Object(
  {
    kid: Text('As tokens name it.'),
    state: Type.Union(States.map((state) => Type.Literal(state))),
    madeAt: Time('When it was made.'),
  },
  closed,
);
const SigningKeyListSchema = Type.Object({ keys: Type.Array(SigningKeyViewSchema) }, closed);
const JsonWebKeySetSchema = Type.Object(
  { keys: Type.Array(Type.Object({ kty: Type.String(), kid: Type.String(), alg: Type.String(), use: Type.String() })) },
  { ...closed, description: 'RFC 7517' },
);

const TokenAnswerSchema = Type.Object(
  {
    access_token: Text('The token.'),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ minimum: 1, description: 'Seconds.' }),
    scope: Text('What it is good for, with blanks between.'),
    refresh_token: Type.Optional(Text('For the next token of the session; good once.')),
  },
  { ...closed, description: 'RFC 6749, section 5.1' },
);
const OAuthProblemSchema = Type.Object(
  { error: Text('A code of OAuth 2.0.'), error_description: Text('What was wrong.') },
  { ...closed, description: 'RFC 6749, section 5.2' },
);
const ServerMetadataSchema = Type.Object(
  { issuer: Type.String(), jwks_uri: Type.String(), token_endpoint: Type.String() },
  { description: 'OpenID Connect Discovery 1.0, RFC 8414' },
);

const TokenRequestSchema = Type.Object(
  {
    grant_type: Type.Union([Type.Literal('client_credentials'), Type.Literal('refresh_token')]),
    client_id: Type.Optional(Text('A client, or the id of an API key; may stand in the Authorization header.')),
    client_secret: Type.Optional(Text('Its secret, or the API key.')),
    refresh_token: Type.Optional(Text('For the grant `refresh_token`.')),
    scope: Type.Optional(Text('Less than all that it may be good for.')),
  },
  { description: 'RFC 6749, sections 4.4.2 and 6; fields that are not known are left alone' },
);
const RevocationRequestSchema = Type.Object(
  { token: Type.String({ minLength: 1, description: 'A refresh token, an access token or an API key.' }) },
  { description: 'RFC 7009, section 2.1' },
);

/** The schemas of all answers and forms, by the names that the document gives them. */
export const SCHEMAS = {
  PrincipalView: PrincipalViewSchema,
  NewClient: NewClientSchema,
  UserList: UserListSchema,
  ClientList: ClientListSchema,
  KeyView: KeyViewSchema,
  NewKey: NewKeySchema,
  KeyList: KeyListSchema,
  TenantView: TenantViewSchema,
  TenantList: TenantListSchema,
  MeView: MeViewSchema,
  SigningKeyView: SigningKeyViewSchema,
  SigningKeyList: SigningKeyListSchema,
  JsonWebKeySet: JsonWebKeySetSchema,
  TokenAnswer: TokenAnswerSchema,
  TokenRequest: TokenRequestSchema,
  RevocationRequest: RevocationRequestSchema,
  OAuthProblem: OAuthProblemSchema,
  ServerMetadata: ServerMetadataSchema,
  ...COMMON_SCHEMAS,
} as const satisfies Record<string, TSchema>;

/** A name of {@link SCHEMAS}. */
export type SchemaName = keyof typeof SCHEMAS;

same<Static<typeof PrincipalViewSchema>, PrincipalView>(true);
same<Static<typeof NewClientSchema>, NewClient>(true);
same<Static<typeof UserListSchema>, UserList>(true);
same<Static<typeof ClientListSchema>, ClientList>(true);
same<Static<typeof KeyViewSchema>, KeyView>(true);
same<Static<typeof NewKeySchema>, NewKey>(true);
same<Static<typeof KeyListSchema>, KeyList>(true);
same<Static<typeof TenantViewSchema>, TenantView>(true);
same<Static<typeof TenantListSchema>, TenantList>(true);
same<Static<typeof MeViewSchema>, MeView>(true);
same<Static<typeof SigningKeyViewSchema>, SigningKeyView>(true);
same<Static<typeof SigningKeyListSchema>, SigningKeyList>(true);
same<Static<typeof TokenAnswerSchema>, TokenAnswer>(true);
