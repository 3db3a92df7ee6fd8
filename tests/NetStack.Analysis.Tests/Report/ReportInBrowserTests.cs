using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace NetStack.Analysis.Tests;

/// <summary>The report's page in a real browser, without a network.</summary>
public sealed class ReportInBrowserTests : IDisposable
{
    private const string Browser = "/usr/bin/chromium";

    private readonly string _folder = Directory.CreateTempSubdirectory("netstack-report-").FullName;

    [Fact]
    public void All_charts_are_drawn_and_the_console_stays_silent()
    {
        (string dom, string console) = Run("--dump-dom");
        Assert.Equal(5, Regex.Count(dom, "<canvas"));
        Assert.Equal(5, Regex.Count(dom, "class=\"u-over\""));
        Assert.Matches("id=\"throughput-numbers\"[^>]*><table><thead><tr><th>From", dom);
        Assert.DoesNotContain("CONSOLE", console, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("desktop", 1280, false)]
    [InlineData("phone", 500, false)]
    [InlineData("dark", 1280, true)]
    public void A_picture_can_be_taken(string name, int width, bool isDark)
    {
        string picture = Path.Combine(_folder, name + ".png");
        (_, string console) = Run($"--screenshot={picture}", $"--window-size={width},1400", isDark ? "--blink-settings=preferredColorScheme=0" : "--blink-settings=preferredColorScheme=1");
        Assert.DoesNotContain("CONSOLE", console, StringComparison.Ordinal);
        byte[] png = File.ReadAllBytes(picture);
        Assert.Equal(width, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.True(png.Length > 30_000, $"{png.Length} bytes: an empty page?");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (string Output, string Console) Run(params string[] options)
    {
        Assert.SkipUnless(File.Exists(Browser), $"{Browser} is not installed");
        string page = Path.Combine(_folder, "report.html");
        File.WriteAllText(page, ReportTests.Page("web", "tls", "lossy", "ssh"));
        string[] all =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            $"--user-data-dir={_folder}/profile", "--virtual-time-budget=5000", "--enable-logging=stderr", .. options, "file://" + page,
        ];
        using Process process = Process.Start(new ProcessStartInfo(Browser, all) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output, errors.Result);
    }
}
