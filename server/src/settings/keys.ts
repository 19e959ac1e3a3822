/**
 * Every setting: its kind, its default, and what its kind allows. Names are those of Harbor's configuration. What is
 * read, written, fixed by the configuration file and shown follows from here.
 */
export type Setting =
  | { kind: 'flag'; default: boolean }
  | { kind: 'text'; default: string; required?: true }
  /** Sealed in the database, and never told again. */
  | { kind: 'secret'; default: '' }
  | { kind: 'choice'; default: string; choices: readonly string[] }
  | { kind: 'amount'; default: number }
  | { kind: 'scope'; default: number }
  /** A number of bytes above zero, or -1 for no limit. */
  | { kind: 'limit'; default: number }
  /** A JSON object of texts, as text. */
  | { kind: 'parameters'; default: string }
  /** Names of audit events, separated by commas. */
  | { kind: 'events'; default: string }

const flag = (byDefault: boolean) => ({ kind: 'flag', default: byDefault }) as const
const amount = (byDefault: number) => ({ kind: 'amount', default: byDefault }) as const
const text = { kind: 'text', default: '' } as const
const secret = { kind: 'secret', default: '' } as const
const subtree = { kind: 'scope', default: 2 } as const

const AUTH_MODES = ['db_auth', 'ldap_auth', 'uaa_auth', 'http_auth', 'oidc_auth'] as const

export const SETTINGS = {
  auth_mode: { kind: 'choice', default: 'db_auth', choices: AUTH_MODES },
  primary_auth_mode: flag(false),

  ldap_base_dn: { kind: 'text', default: '', required: true },
  ldap_filter: text,
  ldap_group_admin_dn: text,
  ldap_group_attach_parallel: flag(false),
  ldap_group_attribute_name: text,
  ldap_group_base_dn: text,
  ldap_group_membership_attribute: { kind: 'text', default: 'memberof' },
  ldap_group_search_filter: text,
  ldap_group_search_scope: subtree,
  ldap_scope: subtree,
  ldap_search_dn: text,
  ldap_search_password: secret,
  ldap_timeout: amount(5),
  ldap_uid: { kind: 'text', default: 'cn', required: true },
  ldap_url: { kind: 'text', default: '', required: true },
  ldap_verify_cert: flag(true),

  uaa_client_id: text,
  uaa_client_secret: secret,
  uaa_endpoint: text,
  uaa_verify_cert: flag(false),

  http_authproxy_admin_groups: text,
  http_authproxy_admin_usernames: text,
  http_authproxy_endpoint: text,
  http_authproxy_server_certificate: text,
  http_authproxy_skip_search: flag(false),
  http_authproxy_tokenreview_endpoint: text,
  http_authproxy_verify_cert: flag(true),

  oidc_admin_group: text,
  oidc_auto_onboard: flag(false),
  oidc_client_id: text,
  oidc_client_secret: secret,
  oidc_endpoint: text,
  oidc_extra_redirect_parms: { kind: 'parameters', default: '{}' },
  oidc_group_filter: text,
  oidc_groups_claim: text,
  oidc_logout: flag(false),
  oidc_name: text,
  oidc_scope: text,
  oidc_user_claim: text,
  oidc_verify_cert: flag(true),

  self_registration: flag(false),
  project_creation_restriction: {
    kind: 'choice',
    default: 'everyone',
    choices: ['adminonly', 'everyone'],
  },
  read_only: flag(false),
  banner_message: text,
  notification_enable: flag(true),

  /** Minutes. */
  token_expiration: amount(30),
  /** Minutes. */
  session_timeout: amount(60),
  /** Days. */
  robot_token_duration: amount(30),
  robot_name_prefix: { kind: 'text', default: 'robot$', required: true },

  quota_per_project_enable: flag(true),
  /** Bytes, for new projects. */
  storage_per_project: { kind: 'limit', default: -1 },

  pull_time_update_disable: flag(false),
  pull_count_update_disable: flag(false),
  scanner_skip_update_pulltime: flag(false),

  pull_audit_log_disable: flag(false),
  audit_log_forward_endpoint: text,
  skip_audit_log_database: flag(false),
  disabled_audit_log_event_types: { kind: 'events', default: '' },
} as const satisfies Record<string, Setting>

export type SettingKey = keyof typeof SETTINGS

/** What a setting holds: a flag, a number, one of its choices, or a text. */
export type SettingValue<K extends SettingKey> = (typeof SETTINGS)[K] extends {
  choices: readonly (infer Choice)[]
}
  ? Choice
  : (typeof SETTINGS)[K] extends { default: boolean }
    ? boolean
    : (typeof SETTINGS)[K] extends { default: number }
      ? number
      : string

export type AnyValue = boolean | number | string

/** Some settings with their values. */
export type SettingValues = { [K in SettingKey]?: SettingValue<K> }

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[]

export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(SETTINGS, name)
}

/** The setting of that name, its kind not narrowed. */
export function settingOf(key: SettingKey): Setting {
  return SETTINGS[key]
}
