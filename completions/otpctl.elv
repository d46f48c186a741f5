
set edit:completion:arg-completer[otpctl] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) OTPCTL_COMPLETE="elvish" otpctl -- $@words) | to-lines
}

