using System.Globalization;
using System.Text;

namespace NetStack.Bench.Economics;

/// <summary>An axis.</summary>
/// <param name="Title">What it shows, unit included.</param>
/// <param name="IsLogarithmic">Whether equal distances are equal factors.</param>
/// <param name="Ticks">Where it is marked, ascending; the first and the last bound the plot.</param>
/// <param name="Text">What stands at a mark.</param>
internal sealed record Axis(string Title, bool IsLogarithmic, IReadOnlyList<double> Ticks, Func<double, string> Text)
{
    /// <summary>An axis of sizes in bytes.</summary>
    internal static Axis Bytes(string title, IReadOnlyList<double> sizes) => new(title, true, sizes, SizeText);

    /// <summary>A logarithmic axis of powers of ten around some numbers.</summary>
    internal static Axis Powers(string title, IEnumerable<double> values)
    {
        double[] shown = [.. values.Where(v => v > 0 && double.IsFinite(v))];
        int low = shown.Length == 0 ? 0 : (int)Math.Floor(Math.Log10(shown.Min()));
        int high = shown.Length == 0 ? 1 : (int)Math.Ceiling(Math.Log10(shown.Max()));
        return new Axis(title, true, [.. Enumerable.Range(low, Math.Max(high, low + 1) - low + 1).Select(p => Math.Pow(10, p))], NumberText);
    }

    /// <summary>A linear axis from 0 to a round number above all of some numbers.</summary>
    internal static Axis Linear(string title, IEnumerable<double> values)
    {
        double most = values.Where(double.IsFinite).DefaultIfEmpty(1).Max();
        double step = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(most, 1e-9))));
        if (most / step < 2) step /= 5;
        else if (most / step < 5) step /= 2;
        return new Axis(title, false, [.. Enumerable.Range(0, (int)Math.Ceiling(most / step) + 1).Select(i => i * step)], NumberText);
    }

    /// <summary>An axis of few values, each marked.</summary>
    internal static Axis Values(string title, IReadOnlyList<double> values, bool isLogarithmic = false) => new(title, isLogarithmic, values, NumberText);

    internal static string SizeText(double bytes) => bytes switch
    {
        >= 1 << 20 when bytes % (1 << 20) == 0 => $"{bytes / (1 << 20)} MiB",
        >= 1 << 10 when bytes % (1 << 10) == 0 => $"{bytes / (1 << 10)} KiB",
        _ => $"{bytes} B",
    };

    /// <summary>Where a value lies between the ends, 0 to 1; what a logarithmic axis has no place for lies on its floor.</summary>
    internal double Place(double value)
    {
        double low = Scale(Ticks[0]), high = Scale(Ticks[^1]);
        return (Scale(Math.Max(value, Ticks[0])) - low) / (high - low);
    }

    private static string NumberText(double value) => value.ToString("#,0.####", CultureInfo.InvariantCulture);

    private double Scale(double value) => IsLogarithmic ? Math.Log(value) : value;
}

/// <summary>A line of a chart.</summary>
internal sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>A line chart as SVG, with its own light ground, so that it reads the same on a dark page.</summary>
internal sealed record LineChart(string Name, string Title, Axis X, Axis Y, IReadOnlyList<Series> Lines)
{
    private const int Width = 860;
    private const int Height = 460;
    private const int Left = 86;
    private const int Right = 240; // room for the legend
    private const int Top = 52;
    private const int Bottom = 62;

    // Eight colours that colour-blind readers tell apart (Okabe and Ito), the yellow one darker; dashes and marks beside them.
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#444444", "#882255"];
    private static readonly string[] Dashes = ["none", "7 3", "2 3", "9 3 2 3", "none", "7 3", "2 3", "9 3 2 3"];

    internal string ToSvg()
    {
        StringBuilder svg = new();
        svg.Append(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\" role=\"img\" aria-label=\"{Escape(Title)}\">\n"));
        svg.Append(Invariant($"<title>{Escape(Title)}</title>\n<rect width=\"{Width}\" height=\"{Height}\" rx=\"8\" fill=\"#fbfbf8\"/>\n"));
        svg.Append(Invariant($"<text x=\"{Left}\" y=\"28\" font-size=\"15\" font-weight=\"600\">{Escape(Title)}</text>\n"));
        AppendAxes(svg);
        for (int i = 0; i < Lines.Count; i++) AppendLine(svg, Lines[i], i);
        return svg.Append("</svg>\n").ToString();
    }

    private static double PlaceX(double place) => Left + place * (Width - Left - Right);

    private static double PlaceY(double place) => Height - Bottom - place * (Height - Top - Bottom);

    private void AppendAxes(StringBuilder svg)
    {
        foreach (double tick in X.Ticks)
        {
            double x = PlaceX(X.Place(tick));
            svg.Append(Invariant($"<line x1=\"{x:F1}\" y1=\"{Top}\" x2=\"{x:F1}\" y2=\"{Height - Bottom}\" stroke=\"#e2e2dc\"/>\n"));
            svg.Append(Invariant($"<text x=\"{x:F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{Escape(X.Text(tick))}</text>\n"));
        }
        foreach (double tick in Y.Ticks)
        {
            double y = PlaceY(Y.Place(tick));
            svg.Append(Invariant($"<line x1=\"{Left}\" y1=\"{y:F1}\" x2=\"{Width - Right}\" y2=\"{y:F1}\" stroke=\"#e2e2dc\"/>\n"));
            svg.Append(Invariant($"<text x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{Escape(Y.Text(tick))}</text>\n"));
        }
        svg.Append(Invariant($"<rect x=\"{Left}\" y=\"{Top}\" width=\"{Width - Left - Right}\" height=\"{Height - Top - Bottom}\" fill=\"none\" stroke=\"#777\"/>\n"));
        svg.Append(Invariant($"<text x=\"{PlaceX(0.5):F1}\" y=\"{Height - 16}\" text-anchor=\"middle\">{Escape(X.Title)}</text>\n"));
        svg.Append(Invariant($"<text transform=\"translate(20 {PlaceY(0.5):F1}) rotate(-90)\" text-anchor=\"middle\">{Escape(Y.Title)}</text>\n"));
    }

    private void AppendLine(StringBuilder svg, Series line, int index)
    {
        string colour = Colours[index % Colours.Length];
        (double X, double Y)[] points =
            [.. line.Points.Where(p => double.IsFinite(p.Y)).Select(p => (PlaceX(X.Place(p.X)), PlaceY(Y.Place(p.Y))))];
        string path = string.Join(' ', points.Select(p => Invariant($"{p.X:F1},{p.Y:F1}")));
        svg.Append(Invariant($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{Dashes[index % Dashes.Length]}\"/>\n"));
        foreach ((double x, double y) in points) svg.Append(Invariant($"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"3\" fill=\"{colour}\"/>\n"));
        int legend = Top + 12 + index * 22;
        svg.Append(Invariant($"<line x1=\"{Width - Right + 18}\" y1=\"{legend}\" x2=\"{Width - Right + 46}\" y2=\"{legend}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{Dashes[index % Dashes.Length]}\"/>\n"));
        svg.Append(Invariant($"<circle cx=\"{Width - Right + 32}\" cy=\"{legend}\" r=\"3\" fill=\"{colour}\"/>\n"));
        svg.Append(Invariant($"<text x=\"{Width - Right + 54}\" y=\"{legend + 4}\">{Escape(line.Name)}</text>\n"));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}
