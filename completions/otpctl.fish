complete --keep-order --exclusive --command otpctl --arguments "(OTPCTL_COMPLETE=fish otpctl -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
