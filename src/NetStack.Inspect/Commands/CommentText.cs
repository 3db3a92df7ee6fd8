using System.Buffers;
using System.Text;

namespace NetStack.Inspect;

/// <summary>What somebody wrote to a packet, as a line of its own. The file is not trusted with the terminal: control characters become
/// <c>\x1b</c> and the like, line ends included.</summary>
internal static class CommentText
{
    internal static void Write(IBufferWriter<byte> output, string comment)
    {
        StringBuilder line = new("\tcomment: ");
        foreach (Rune rune in comment.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator)
                line.Append(rune.Value < 256 ? $"\\x{rune.Value:x2}" : $"\\u{rune.Value:x4}");
            else line.Append(rune);
        }
        output.Write(Encoding.UTF8.GetBytes(line.Append('\n').ToString()));
    }
}
