# Under each heading: the words so far, how many of them differ, and which long one is the most frequent.
{
    for (i = 1; i <= NF; i++) {
        word = tolower($i)
        gsub(/[^a-z]/, "", word)
        if (word == "") continue
        if (!count[word]++) different++
        words++
    }
}
/^#/ {
    most = ""
    for (word in count)
        if (length(word) > 5 && (count[word] > count[most] || (count[word] == count[most] && word < most))) most = word
    printf "%6d words, %5d different, most often \"%s\": %s\n", words, different, most, $0
    fflush()
}
