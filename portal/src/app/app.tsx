import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import type { i18n } from 'i18next'
import { useState } from 'react'
import { I18nextProvider, useTranslation } from 'react-i18next'
import type { Language } from '../lib/i18n.ts'
import type { createPortalRouter } from './router.tsx'

const LOCALES = { en: enUS, 'zh-CN': zhCN } as const satisfies Record<Language, unknown>

interface AppProps {
  i18n: i18n
  router: ReturnType<typeof createPortalRouter>
}

/** The whole portal: texts, query cache, design system, pages. */
export function App({ i18n, router }: AppProps) {
  // What failed is asked once more, then shown: people can press the button themselves.
  const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: 1 } } }))

  return (
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={queries}>
        <Design>
          <RouterProvider router={router} />
        </Design>
      </QueryClientProvider>
    </I18nextProvider>
  )
}

function Design({ children }: { children: React.ReactNode }) {
  const { i18n } = useTranslation()

  return (
    <ConfigProvider
      locale={LOCALES[i18n.language as Language]}
      theme={{ token: { colorPrimary: '#0b4f6c', borderRadius: 4 } }}
    >
      {children}
    </ConfigProvider>
  )
}
