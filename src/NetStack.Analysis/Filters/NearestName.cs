namespace NetStack.Analysis;

/// <summary>What somebody may have meant who wrote a name that is not known.</summary>
internal static class NearestName
{
    private const int LongestWord = 64;

    /// <summary>The nearest of the names by edit distance, the first of equals; null where none is near.</summary>
    internal static string? Find(string word, IEnumerable<string> names)
    {
        if (word.Length is 0 or > LongestWord) return null;
        string? nearest = null;
        int least = Math.Max(1, word.Length / 3) + 1; // further off it would be a guess
        foreach (string name in names)
        {
            if (Math.Abs(name.Length - word.Length) >= least) continue;
            int distance = Distance(word, name);
            if (distance >= least) continue;
            least = distance;
            nearest = name;
        }
        return nearest;
    }

    /// <summary><c>; did you mean "x"?</c>, or nothing where no name is near.</summary>
    internal static string Hint(string word, IEnumerable<string> names) => Find(word, names) is { } name ? $"; did you mean \"{name}\"?" : "";

    /// <summary>The Levenshtein distance, upper and lower case alike.</summary>
    private static int Distance(string from, string to)
    {
        Span<int> row = stackalloc int[to.Length + 1];
        for (int j = 0; j <= to.Length; j++) row[j] = j;
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(to[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j - 1], diagonal) + 1);
            }
        }
        return row[^1];
    }
}
