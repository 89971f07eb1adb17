package io.epollecho.bench;

import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.CategoryLabelPositions;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.renderer.category.StatisticalBarRenderer;
import org.jfree.data.category.CategoryDataset;
import org.jfree.data.statistics.DefaultStatisticalCategoryDataset;
import org.jfree.svg.SVGGraphics2D;

import java.awt.Color;
import java.awt.Rectangle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The charts of the results. */
final class Charts {

    private static final int WIDTH = 1200;
    private static final int HEIGHT = 480;

    private static final String WHISKERS = " (whiskers: half the interquartile range)";

    private static final Color OTHER = new Color(0x9E9AC8);

    /** The colors of the contenders. Related contenders have similar colors. */
    private static final Map<String, Color> COLORS =
            Map.ofEntries(
                    Map.entry("c", new Color(0x555555)),
                    Map.entry("c-again", new Color(0xAAAAAA)),
                    Map.entry("c-io_uring", new Color(0x777777)),
                    Map.entry("c-busy", new Color(0xCCCCCC)),
                    Map.entry("epoll-busy", new Color(0x2E8B57)),
                    Map.entry("epoll-edge", new Color(0x08519C)),
                    Map.entry("epoll-level", new Color(0x3182BD)),
                    Map.entry("jdk-level", new Color(0x9ECAE1)),
                    Map.entry("spring-boot", new Color(0x31A354)),
                    Map.entry("baseline", new Color(0xA1D99B)),
                    Map.entry("netty-epoll", new Color(0xD94801)),
                    Map.entry("netty-io_uring", new Color(0xFD8D3C)),
                    Map.entry("netty-nio", new Color(0xFDBE85)),
                    Map.entry("tls-epoll-edge", new Color(0x08519C)),
                    Map.entry("tls-again", new Color(0x3182BD)),
                    Map.entry("tls-netty-epoll", new Color(0xD94801)),
                    Map.entry("tls-netty-nio", new Color(0xFDBE85)),
                    Map.entry("tls-netty-openssl", new Color(0xFD8D3C)));

    private final Results results;
    private final List<Contender> contenders;
    private final List<Row> rows;

    Charts(Results results, List<Contender> contenders, List<Row> rows) {
        this.results = results;
        this.contenders = contenders;
        this.rows = rows;
    }

    void write(Path directory) throws IOException {
        List<Row> plain = timed(false);
        if (!plain.isEmpty()) {
            draw(
                    directory.resolve("throughput.svg"),
                    chart(
                            "Throughput relative to C" + WHISKERS,
                            "/ C",
                            throughput(plain, Contenders.C)));
            draw(
                    directory.resolve("cpu.svg"),
                    chart("Server CPU time per echo" + WHISKERS, "µs", cpu(plain)));
        }
        List<Row> tls = timed(true);
        if (!tls.isEmpty()) {
            draw(
                    directory.resolve("tls.svg"),
                    chart(
                            "Throughput over TLS relative to Netty" + WHISKERS,
                            "/ Netty with epoll and the JDK's TLS",
                            throughput(tls, Contenders.TLS_NETTY)));
        }
        for (Row row : rows) {
            if (row.metric() == Metric.P999) {
                JFreeChart chart =
                        chart("Latency at a fixed rate", "µs (logarithmic)", latency(row));
                var axis = new LogAxis("µs");
                axis.setSmallestValue(1);
                axis.setTickUnit(new NumberTickUnit(1)); // powers of ten
                axis.setNumberFormatOverride(NumberFormat.getIntegerInstance(Locale.ROOT));
                ((CategoryPlot) chart.getPlot()).setRangeAxis(axis);
                draw(directory.resolve("latency.svg"), chart);
            }
        }
    }

    private List<Row> timed(boolean tls) {
        return rows.stream()
                .filter(row -> row.metric() == Metric.THROUGHPUT && row.isTls() == tls)
                .toList();
    }

    private CategoryDataset throughput(List<Row> timed, String base) {
        var data = new DefaultStatisticalCategoryDataset();
        for (Row row : timed) {
            results.best(row.name(), Metric.THROUGHPUT, List.of(base))
                    .ifPresent(unit -> add(data, row, row.name(), Metric.THROUGHPUT, unit));
        }
        return data;
    }

    private CategoryDataset cpu(List<Row> timed) {
        var data = new DefaultStatisticalCategoryDataset();
        timed.forEach(row -> add(data, row, row.name(), Metric.CPU_PER_ECHO, 1));
        return data;
    }

    private CategoryDataset latency(Row row) {
        var data = new DefaultStatisticalCategoryDataset();
        for (Metric metric : List.of(Metric.P50, Metric.P99, Metric.P999)) {
            add(data, row, metric.label, metric, 1);
        }
        return data;
    }

    private void add(
            DefaultStatisticalCategoryDataset data,
            Row row,
            String category,
            Metric metric,
            double unit) {
        for (Contender contender : contenders) {
            results.summary(row.name(), contender.name(), metric)
                    .ifPresent(
                            found ->
                                    data.add(
                                            found.median() / unit,
                                            (found.upper() - found.lower()) / 2 / unit,
                                            contender.name(),
                                            category));
        }
    }

    private static JFreeChart chart(String title, String unit, CategoryDataset data) {
        JFreeChart chart =
                ChartFactory.createBarChart(
                        title, null, unit, data, PlotOrientation.VERTICAL, true, false, false);
        var renderer = new StatisticalBarRenderer();
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setErrorIndicatorPaint(Color.DARK_GRAY);
        renderer.setItemMargin(BarRenderer.DEFAULT_ITEM_MARGIN / 4);
        for (int i = 0; i < data.getRowCount(); i++) {
            String contender = String.valueOf(data.getRowKey(i));
            renderer.setSeriesPaint(i, COLORS.getOrDefault(contender, OTHER));
        }
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setRenderer(renderer);
        plot.setBackgroundPaint(Color.WHITE);
        plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
        plot.getDomainAxis().setCategoryLabelPositions(CategoryLabelPositions.STANDARD);
        return chart;
    }

    private static void draw(Path file, JFreeChart chart) throws IOException {
        var svg = new SVGGraphics2D(WIDTH, HEIGHT);
        chart.draw(svg, new Rectangle(WIDTH, HEIGHT));
        Files.writeString(file, svg.getSVGDocument());
    }
}
