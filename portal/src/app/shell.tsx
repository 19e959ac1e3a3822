import { Outlet } from '@tanstack/react-router'
import { Flex, Layout, Typography, theme } from 'antd'
import { useTranslation } from 'react-i18next'
import { LanguageSwitch } from './language-switch.tsx'

/** What stands around every page. */
export function Shell() {
  const { t } = useTranslation('shell')
  const { token } = theme.useToken()

  return (
    <Layout style={{ minHeight: '100vh' }}>
      <Layout.Header
        style={{
          background: token.colorBgContainer,
          borderBottom: `1px solid ${token.colorBorderSecondary}`,
          height: 'auto',
          padding: `${token.paddingSM}px ${token.paddingLG}px`,
        }}
      >
        <Flex justify="space-between" align="center" wrap gap="small">
          <Flex align="baseline" gap="middle" wrap>
            <Typography.Title level={3} style={{ margin: 0 }}>
              Portolan
            </Typography.Title>
            <Typography.Text type="secondary">{t('tagline')}</Typography.Text>
          </Flex>
          <LanguageSwitch />
        </Flex>
      </Layout.Header>
      <Layout.Content style={{ padding: token.paddingLG }}>
        <Outlet />
      </Layout.Content>
    </Layout>
  )
}
