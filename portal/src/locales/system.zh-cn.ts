import type english from './system.en.ts'

const system: typeof english = {
  about: '关于本仓库',
  version: '版本',
  signIn: '登录方式',
  authMode: { local: '本地用户', other: '通过 {{mode}}' },
  health: '运行状况',
  status: { healthy: '健康', unhealthy: '异常' },
  unavailable: '服务器没有正常应答',
  retry: '重试',
}

export default system
