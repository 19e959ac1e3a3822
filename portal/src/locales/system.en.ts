const system = {
  about: 'About this registry',
  version: 'Version',
  signIn: 'Sign-in',
  authMode: { local: 'local users', other: 'through {{mode}}' },
  health: 'Health',
  status: { healthy: 'healthy', unhealthy: 'unhealthy' },
  unavailable: 'The server does not answer as it should',
  retry: 'Try again',
}

export default system
